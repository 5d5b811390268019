import { DomainError } from '../src/platform/errors.js';
import type { ApiDescriptor } from './apis/api.js';

/** The request header that chooses the edition of an answer, and the answer's that tells it. */
export const editionHeader = 'TMF-Edition';

/** Attributes that are one object in an edition, where we keep a list, by GraphQL type. */
export type Singles = Readonly<Record<string, readonly string[]>>;

/** How an answer is written, where published editions of one API differ. */
export interface Edition {
  readonly name: string;
  readonly singles: Singles;
  /** It is the one whose ETag is the revision alone. */
  readonly isFirst: boolean;
}

/** Which edition an API answers in when a request chooses none, by the number of the API. */
export type ConfiguredEditions = Readonly<Record<string, string>>;

/** The edition a request is answered in; undefined where the API has but one. Refuses names that the API does not have. */
export function editionOf(
  { number, editions }: ApiDescriptor,
  asked: string | undefined,
  configured: ConfiguredEditions,
): Edition | undefined {
  const names = Object.keys(editions ?? {});
  const name = asked?.trim() ?? (Object.hasOwn(configured, number) ? configured[number] : names[0]);
  if (name === undefined) return undefined;
  if (editions === undefined || !Object.hasOwn(editions, name)) {
    const offered =
      names.length === 0 ? 'has no editions to choose from' : `is answered in the editions ${names.join(' and ')}`;
    throw new DomainError('INVALID_HEADER', `${number} ${offered}, not '${name.slice(0, 100)}'`, {
      path: editionHeader,
    });
  }
  return { name, singles: editions[name] ?? {}, isFirst: name === names[0] };
}

/** Why editions cannot be configured so; undefined when they can. */
export function problemOfEditions(apis: readonly ApiDescriptor[], configured: ConfiguredEditions): string | undefined {
  for (const [number, name] of Object.entries(configured)) {
    const names = Object.keys(apis.find((api) => api.number === number)?.editions ?? {});
    if (!names.includes(name))
      return names.length === 0 ? `${number} has no editions` : `the editions of ${number} are ${names.join(' and ')}`;
  }
  return undefined;
}
