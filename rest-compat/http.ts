import type { Context } from '../graphql/context.js';
import type { ListFile } from './list-file.js';

/** A request as this layer sees it; src/app fits it to the HTTP server. */
export interface RestRequest {
  readonly method: string;
  /** Path without the query string, still percent-encoded. */
  readonly path: string;
  /** What follows the `?`, undecoded: the TMF630 operators need it raw. */
  readonly rawQuery: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Scheme, host and port the client used, or the configured public URL. */
  readonly origin: string;
  readonly context: Context;
  /** Which of these media types the client likes best by its Accept header, the first of equals; undefined: none. */
  preferred(types: readonly string[]): string | undefined;
  /** Refuses a body of at least one byte that comes without a Content-Type. */
  requireType(): Promise<void>;
  /** The parsed JSON body; undefined when there is none. Refuses by itself what is no JSON. */
  body(): Promise<unknown>;
}

export interface RestResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Neither this nor `text`: no content. */
  readonly body?: unknown;
  /** A body that is JSON text already, perhaps in UTF-8. */
  readonly text?: string | Buffer;
  /** A body that is made while it is sent. */
  readonly file?: ListFile;
}
