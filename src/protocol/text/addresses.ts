/**
 * Owns the addresses of nodes as people write them: `host:port`, `[ipv6]:port`, `host port`, `:port` and `port`
 * (this machine), and redis:// and rediss:// URLs; parsing and formatting side by side. Resolves no names.
 * Source: redis-cli's parseClusterNodeAddress; the redis URI scheme of IANA.
 */
import { TribError } from '../../core/errors.ts';

/** Where a node listens for clients. IPv6 hosts stand without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  /** Undefined: the default user. */
  readonly username: string | undefined;
  readonly password: string;
}

/** An address with what a redis:// URL may add. */
export interface Endpoint extends Address {
  readonly credentials: Credentials | undefined;
  /** As rediss:// says: the connection is to be encrypted. */
  readonly tls: boolean;
}

const thisMachine = '127.0.0.1';

/** Valkey's tools write theirs with another name. */
const secureSchemes = ['rediss:', 'valkeys:'];
const schemes = ['redis:', 'valkey:', ...secureSchemes];

/** `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

/** Throws a TribError ("usage") that names the word, but never a password in it. */
export function parseEndpoint(word: string): Endpoint {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) return parseUrl(word);
  return { ...parseAddress(word), credentials: undefined, tls: false };
}

/** Throws a TribError ("usage") that names the word. */
export function parseAddress(word: string): Address {
  // A node prints itself as host:port@busport: what is copied from CLUSTER NODES is understood.
  const text = word.replace(/@\d+$/, '');
  const match = /^(?:\[([^\]]+)\]:|(.*):)?(\d+)$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || /[\s/@]/.test(host) || !isPort(port)) {
    throw new TribError('usage', `"${withoutSecrets(word)}" is not an address of a node.`, {
      hint: 'Write host:port, for instance 127.0.0.1:7000 or [::1]:7000.',
    });
  }
  return { host: host === '' ? thisMachine : host, port };
}

/** Addresses of a command line, where a host and its port may be two words. Throws a TribError ("usage"). */
export function parseEndpoints(words: readonly string[]): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (let rest = words; rest.length > 0; ) {
    const taken = takeEndpoint(rest);
    endpoints.push(taken.endpoint);
    rest = taken.rest;
  }
  return endpoints;
}

/** The address with which the words begin, in one word or two. Throws a TribError ("usage"). */
export function takeEndpoint(words: readonly string[]): {
  readonly endpoint: Endpoint;
  readonly rest: readonly string[];
} {
  const [word = '', next] = words;
  // A lone number is a port of this machine, so only a word without any port takes the next one.
  if (next !== undefined && /^\d+$/.test(next) && isBareHost(word)) {
    const address = parseAddress(`${bracketed(word)}:${next}`);
    return { endpoint: { ...address, credentials: undefined, tls: false }, rest: words.slice(2) };
  }
  return { endpoint: parseEndpoint(word), rest: words.slice(1) };
}

function isBareHost(word: string): boolean {
  return !/^\d+$/.test(word) && (!word.includes(':') || isBareIpv6(word));
}

/** "::1" is a host; "host:7000" is not. What has two colons or more and no bracket is IPv6. */
function isBareIpv6(word: string): boolean {
  return !word.includes('[') && !word.includes('/') && word.split(':').length > 2;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65535;
}

function parseUrl(word: string): Endpoint {
  let url: URL;
  try {
    url = new URL(word);
  } catch {
    throw new TribError('usage', `"${withoutSecrets(word)}" is not a redis:// URL.`);
  }
  if (!schemes.includes(url.protocol)) {
    throw new TribError('usage', `Addresses that start with ${url.protocol}// are not supported.`, {
      hint: 'Write host:port, or redis://[[user]:password@]host[:port], or rediss:// for TLS.',
    });
  }
  const password = decode(url.password);
  const username = decode(url.username);
  return {
    host: url.hostname === '' ? thisMachine : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    tls: secureSchemes.includes(url.protocol),
    // As redis-cli does: a lone word before the @ is the password.
    credentials:
      password !== ''
        ? { username: username === '' ? undefined : username, password }
        : username === ''
          ? undefined
          : { username: undefined, password: username },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A word of a command line for an error message: what could be a password before an @ is left out. */
export function withoutSecrets(word: string): string {
  return word.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@(?!\d+$)/is, '$1***@');
}
