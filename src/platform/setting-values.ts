/** How the texts of settings are read. Each schema says in its error what the setting is: "it is …". */
import { isIP } from 'node:net';
import { z } from 'zod';
import { isTimeZone } from './calendar.js';
import { isLoopback } from './loopback.js';

/** What stands in the column "values" of docs/configuration.md. */
function describedAs<S extends z.ZodType>(schema: S, values: string): S {
  return schema.meta({ values });
}

/** Text of a setting that a rule holds for; the error tells the rule. */
function textThat(holds: (text: string) => boolean, rule: string): z.ZodType<string, string> {
  return z.string().refine(holds, { error: rule });
}

/** Makes the schema refuse the text, with the rule that it breaks. */
function refused(context: z.core.$RefinementCtx<string>, text: string, rule: string): never {
  context.addIssue({ code: 'custom', input: text, message: rule });
  return z.NEVER;
}

export const anyText = z.string();

/** A secret that is sent as a bearer token (RFC 6750). */
export const bearerToken = textThat(
  (text) => /^[\w\-.~+/=]{16,200}$/.test(text),
  'it is 16 to 200 letters, digits and -._~+/=',
);

export const hostName = textThat((text) => !/\s/.test(text), 'it is one host name or address');

/** @param max characters */
export function shortText(max: number): z.ZodType<string, string> {
  return describedAs(z.string().max(max, `it has at most ${max} characters`), `text of at most ${max} characters`);
}

export function integer(min: number, max: number): z.ZodType<number, string> {
  const rule = `it is an integer from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .pipe(z.number().min(min, rule).max(max, rule));
  return describedAs(schema, `${min} to ${max}`);
}

/** Whole seconds from 1 on, as milliseconds. */
export function secondsAsMs(max: number): z.ZodType<number, string> {
  return describedAs(
    integer(1, max).transform((seconds) => seconds * 1_000),
    `1 to ${max}`,
  );
}

export function choice<const T extends readonly string[]>(values: T): z.ZodType<T[number], string> {
  const schema = z
    .string()
    .transform(
      (text, context): T[number] =>
        values.find((value) => value === text) ?? refused(context, text, `it is one of ${values.join(', ')}`),
    );
  return describedAs(schema, values.join(', '));
}

/** `on` or `off`. */
export const onOrOff: z.ZodType<boolean, string> = describedAs(
  choice(['on', 'off']).transform((value) => value === 'on'),
  'on, off',
);

/** What commas separate; empty items do not count. */
export function listOf<T>(item: z.ZodType<T, string>): z.ZodType<T[], string> {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item));
}

function isUrlOf(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol) && url.hostname !== '';
}

export const publicUrl = textThat((text) => {
  const url = httpUrlOf(text);
  const isBare = url && !url.username && !url.password && !text.includes('?') && !text.includes('#');
  return isBare === true && !text.endsWith('/');
}, 'it is an http or https URL without slash at the end, query or user');

/** Where something else takes what we send. */
export const httpUrl = textThat((text) => {
  const url = httpUrlOf(text);
  return url !== undefined && !url.username && !url.password && !text.includes('?') && !text.includes('#');
}, 'it is an http or https URL without query and user');

/** From 0 to 1. */
export const fraction: z.ZodType<number, string> = describedAs(
  z
    .string()
    .regex(/^(0|1)(\.\d{1,9})?$/, 'it is a number from 0 to 1')
    .transform(Number)
    .pipe(z.number().max(1, 'it is a number from 0 to 1')),
  '0 to 1',
);

/** Names and values, as OpenTelemetry writes them: `name=value,name=value`, percent-encoded. */
export const pairs: z.ZodType<Readonly<Record<string, string>>, string> = describedAs(
  z.string().transform((text, context): Record<string, string> => {
    const parts = text.split(',').filter((part) => part.trim() !== '');
    try {
      return Object.fromEntries(
        parts.map((part) => {
          const [, name, value] = /^\s*([\w.-]+)\s*=(.*)$/.exec(part) as unknown as [string, string, string];
          return [name, decodeURIComponent(value.trim())];
        }),
      );
    } catch {
      return refused(context, text, 'it is written like name=value,name=value, with %XX for other characters');
    }
  }),
  '`name=value`, separated by commas',
);

/** How the rest is written is the driver's affair, which takes forms that URL does not. */
export const databaseUrl = textThat(
  (text) => /^postgres(ql)?:\/\/./.test(text),
  'it is a URL that begins with postgres:// or postgresql://',
);

export const natsUrl = textThat(
  (text) => isUrlOf(text, ['nats:', 'tls:']),
  'it is a URL that begins with nats:// or tls://',
);

export const rabbitmqUrl = textThat(
  (text) => isUrlOf(text, ['amqp:', 'amqps:']),
  'it is a URL that begins with amqp:// or amqps://',
);

/** A name that subjects of NATS and routing keys can begin with, and streams be called by. */
export const subjectName = textThat((text) => /^[\w-]{1,32}$/.test(text), 'it has at most 32 letters, digits, _ and -');

export const origin = textThat(
  (text) => httpUrlOf(text)?.origin === text,
  'an origin is written like https://studio.apollographql.com',
);

export const timeZone = textThat(isTimeZone, 'it is the IANA name of a time zone, like Europe/Berlin');

/** A name, an address or the end of names, in lower case. A port is allowed and left out: it does not count. */
export const allowedHost: z.ZodType<string, string> = z.string().transform((text, context) => {
  const isSuffix = text.startsWith('*.');
  const name = isSuffix ? text.slice(2) : text;
  const url = `http://${isIP(name) === 6 ? `[${name}]` : name}`;
  const isName = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(url.slice('http://'.length)) && URL.canParse(url);
  const hostname = isName ? new URL(url).hostname.replace(/\.$/, '') : '';
  if (hostname === '' || (isSuffix && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)) {
    return refused(context, text, 'it is a name, an address or *.suffix, like api.example.com or *.example.com');
  }
  return isSuffix ? `*.${hostname}` : hostname;
});

/** So much in each second or day. */
export interface Rate {
  readonly max: number;
  readonly seconds: number;
}

const rate: z.ZodType<Rate, string> = z.string().transform((text, context) => {
  const [, max, unit] = /^([1-9]\d{0,11})\/([sd])$/.exec(text) ?? [];
  if (max === undefined) return refused(context, text, 'a rate is written like 100/s or 100000/d');
  return { max: Number(max), seconds: unit === 's' ? 1 : 86_400 };
});

/** Rates in a second, in a day or in both. */
export const rates: z.ZodType<Rate[], string> = describedAs(listOf(rate), '`n/s`, `n/d` or both').refine(
  (found) => new Set(found.map(({ seconds }) => seconds)).size === found.length,
  { error: 'it has one rate for a second, and one for a day' },
);

export const network = textThat((text) => {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  return bits > 0 && isPrefix && more.length === 0;
}, 'it is an address or a network, like 127.0.0.1 or 10.0.0.0/8');

const edition = z.string().transform((text, context): [api: string, edition: string] => {
  const [, api, name] = /^(TMF\d+)=(\w+)$/.exec(text) ?? [];
  return api && name ? [api, name] : refused(context, text, 'an edition is written like TMF654=swagger');
});

/** Editions by the number of their API. */
export const editions: z.ZodType<Readonly<Record<string, string>>, string> = listOf(edition).transform((pairs) =>
  Object.fromEntries(pairs),
);

/** Keys that came over a plain connection could be anybody's. A slash at the end is part of the name of an issuer. */
export const issuer = textThat((text) => {
  const url = httpUrlOf(text);
  const isBare = url && !url.username && !url.password && !text.includes('?') && !text.includes('#');
  return isBare === true && (url.protocol === 'https:' || isLoopback(url.hostname));
}, 'it is an https URL without query and user; http only for this machine');

/** A claim of a token: its name, or names with dots in between that lead into objects. */
export const claimPath = textThat(
  (text) => /^[^\s,.]+(\.[^\s,.]+)*$/.test(text),
  'it is the name of a claim, or a path like realm_access.roles',
);

/** A condition that the claims of a token are met by. */
export interface ClaimCondition {
  readonly claim: string;
  /** What the claim has to be. */
  readonly value?: string;
  /** What the claim has to begin with. */
  readonly start?: string;
  /** The claim that it has to be equal to. */
  readonly other?: string;
}

export const claimCondition: z.ZodType<ClaimCondition, string> = z.string().transform((text, context) => {
  const [, claim = '', wanted = ''] = /^([^\s=]+)=(\S+)$/.exec(text) ?? [];
  if (wanted === '' || wanted === '$' || wanted === '*')
    return refused(context, text, 'a condition is written like gty=client-credentials, sub=$client_id or name=robot-*');
  if (wanted.startsWith('$')) return { claim, other: wanted.slice(1) };
  return wanted.endsWith('*') ? { claim, start: wanted.slice(0, -1) } : { claim, value: wanted };
});

/** Characters of a secret: as many as 32 bytes have, however they are written. */
const secretLengthMin = 32;

/** One or two secrets, the present one first. The error tells neither. */
export const signingKeys: z.ZodType<string[], string> = describedAs(
  z.string().transform((text, context) => {
    const secrets = text
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => part !== '');
    const isUsable = secrets.length > 0 && secrets.length <= 2 && secrets.every((one) => one.length >= secretLengthMin);
    return isUsable
      ? secrets
      : refused(context, '', `it is one or two secrets of ${secretLengthMin} characters or more`);
  }),
  'secret',
);

function httpUrlOf(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}
