import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Config } from '../../platform/config.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { isLoopback } from '../../platform/loopback.js';
import { probePath } from './paths.js';

/** RFC 9110 §7.2: a name or an address, and perhaps a port; nothing else that a URL could contain. */
const authorityPattern = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{0,5})?$/i;
/** RFC 9112 §3.2.2: a whole address as the target of a request, as proxies send it. */
const absoluteForm = /^https?:\/\/([^/?#]*)/i;

export type AddressSettings = Pick<Config, 'mode' | 'host' | 'publicUrl' | 'allowedHosts' | 'trustedProxies'>;

/**
 * The names under which clients reach the server, and the addresses of clients. Hosts other than the configured ones are
 * refused: otherwise a foreign name would appear in hrefs, or lead a browser here (DNS rebinding).
 */
export class Addresses {
  private readonly names: ReadonlySet<string>;
  private readonly suffixes: readonly string[];
  private readonly proxies: BlockList | undefined;
  private readonly trusted = new WeakMap<Socket, boolean>();
  /** Nearly all requests have the same Host, so it is compared first. */
  private lastAllowedHost: string | undefined;

  constructor(private readonly settings: AddressSettings) {
    const { mode, host, publicUrl, allowedHosts, trustedProxies } = settings;
    const names = new Set(allowedHosts.filter((name) => !name.startsWith('*.')));
    if (publicUrl !== undefined) names.add(hostnameOf(new URL(publicUrl).host) ?? '');
    if (mode === 'sandbox' && !isWildcard(host)) names.add(hostnameOf(host.includes(':') ? `[${host}]` : host) ?? '');
    this.names = names;
    this.suffixes = allowedHosts.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
    this.proxies = trustedProxies.length > 0 ? blockListOf(trustedProxies) : undefined;
  }

  /**
   * Rewrites a request so that its target is a path and its Host is the name the client used. Returns the refusal if the Host is
   * missing, repeated or not one of this server.
   */
  normalize(request: IncomingMessage): DomainError | undefined {
    if (hasSeveralHosts(request.rawHeaders))
      return new DomainError('INVALID_HEADER', 'there is more than one Host header', { path: 'Host' });
    // RFC 9112 §3.2: HTTP/1.1 requires a Host even when the target names the authority.
    if (request.headers.host === undefined && request.httpVersion !== '1.0')
      return new DomainError('INVALID_HEADER', 'the Host header is missing', { path: 'Host' });
    const { url = '/' } = request;
    if (!url.startsWith('/')) {
      const match = absoluteForm.exec(url);
      if (match) {
        const path = url.slice(match[0].length);
        request.url = path.startsWith('/') ? path : `/${path}`;
        request.headers.host = match[1];
      }
    }
    if (this.isFromProxy(request))
      request.headers.host = firstOf(request.headers['x-forwarded-host']) ?? request.headers.host;
    const { host } = request.headers;
    if (host === this.lastAllowedHost && host !== undefined) return undefined;
    // Probes and scrapers may use any Host: answers at these paths contain no address.
    if (probePath.test(request.url ?? '')) return undefined;
    return this.check(host);
  }

  private check(host: string | undefined): DomainError | undefined {
    // HTTP/1.0 needs no Host.
    if (host === undefined && this.settings.publicUrl !== undefined) return undefined;
    const name = hostnameOf(host ?? 'localhost');
    if (name === undefined || !this.isAllowed(name))
      return new DomainError(
        'MISDIRECTED',
        `this server is not called '${abbreviated(host ?? '')}': PUBLIC_URL and ALLOWED_HOSTS tell what it is called`,
      );
    this.lastAllowedHost = host;
    return undefined;
  }

  private isAllowed(name: string): boolean {
    if (this.names.has(name) || (this.settings.mode === 'sandbox' && isLoopback(name))) return true;
    return this.suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  }

  /** The origin for hrefs in an answer: PUBLIC_URL, or the name the client used. */
  originOf(request: IncomingMessage): string {
    return this.settings.publicUrl ?? this.requestedOriginOf(request);
  }

  /** The origin under which the client reached this server, by Host and, behind trusted proxies, X-Forwarded-Proto. */
  requestedOriginOf(request: IncomingMessage): string {
    const isSecure =
      this.isFromProxy(request) && firstOf(request.headers['x-forwarded-proto'])?.toLowerCase() === 'https';
    const { host } = request.headers;
    // A probe may send any Host.
    return `${isSecure ? 'https' : 'http'}://${host !== undefined && authorityPattern.test(host) ? host : 'localhost'}`;
  }

  /** Whether the connection comes from one of TRUSTED_PROXIES. */
  isFromProxy({ socket }: IncomingMessage): boolean {
    if (this.proxies === undefined) return false;
    let isTrusted = this.trusted.get(socket);
    if (isTrusted === undefined) {
      isTrusted = this.isProxy(plainAddress(socket.remoteAddress));
      this.trusted.set(socket, isTrusted);
    }
    return isTrusted;
  }

  /** Whether an address is one of TRUSTED_PROXIES. */
  isProxy(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && (this.proxies?.check(address, family === 6 ? 'ipv6' : 'ipv4') ?? false);
  }

  /** The client's address, or for IPv6 its /64 network. Behind trusted proxies it is the nearest address that is not one of them. */
  clientOf(request: IncomingMessage): string {
    const peer = plainAddress(request.socket.remoteAddress);
    if (!this.isFromProxy(request)) return networkOf(peer);
    const hops = String(request.headers['x-forwarded-for'] ?? '').split(',');
    for (const hop of hops.reverse()) {
      const address = plainAddress(hop.trim());
      // Entries further left were not written by a trusted proxy.
      if (isIP(address) === 0) break;
      if (!this.isProxy(address)) return networkOf(address);
    }
    return networkOf(peer);
  }
}

function isWildcard(host: string): boolean {
  return ['0.0.0.0', '::', ''].includes(host);
}

/** The normalized name in a Host, without its port; undefined when it is not valid. */
function hostnameOf(authority: string): string | undefined {
  const url = `http://${authority}`;
  if (!authorityPattern.test(authority) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/\.$/, '');
}

function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

/** The first entry of the list: what the client sent to the outermost proxy. */
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',', 1)[0]?.trim() || undefined;
}

function blockListOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = '', prefix] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** An IPv4 address mapped into IPv6 as plain IPv4; any other address as it is. */
export function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** The /64 network of an IPv6 address, as customers get at least that; an IPv4 address as it is. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
