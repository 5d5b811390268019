import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { endWithTagged, tagged, type Tagged } from '../http/tagged.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/**
 * Nothing is loaded from other origins, no script stands in a page, and nobody frames it. What comes from a page's own package may
 * need more, which is added by directive.
 */
function policyOf(more: Readonly<Record<string, string>>): string {
  const directives = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...more,
  };
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

/** What a page consists of: a text, or a file that is read when it is first asked for. */
export interface PageSource {
  /** Its name says the type. */
  name: string;
  content?: string;
  path?: string;
  /** Directives of the Content-Security-Policy that are not as for every page. */
  policy?: Readonly<Record<string, string>>;
}

/** A file of a page, with its headers. */
export class PageFile {
  private read: Promise<Tagged> | undefined;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly source: PageSource) {
    this.headers = {
      'Content-Type': types[extname(source.name)] ?? 'application/octet-stream',
      'Content-Security-Policy': policyOf(source.policy ?? {}),
      'Referrer-Policy': 'no-referrer',
      // A new version of the server brings new pages, so a browser asks each time whether the one it has is still current.
      'Cache-Control': 'no-cache',
    };
  }

  async send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.read ??= this.load();
    let content: Tagged;
    try {
      content = await this.read;
    } catch (error) {
      // What could not be read now may be readable when it is asked for again.
      this.read = undefined;
      throw error;
    }
    for (const name in this.headers) response.setHeader(name, this.headers[name] as string);
    endWithTagged(request, response, content);
  }

  private async load(): Promise<Tagged> {
    const { content, path = '' } = this.source;
    return tagged(content ?? (await readFile(path)));
  }
}
