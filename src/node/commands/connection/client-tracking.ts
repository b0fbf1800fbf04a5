/** Owns CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO. Source: Redis networking.c clientCommand, tracking.c. */
import { bulk, bulkArray, error, integer, map, OK, set } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Session } from '../../dispatch/session.ts';
import type { TrackingMode } from '../../parts/tracking.ts';

const switched = (what: string): string =>
  error(
    `ERR You can't switch ${what} before disabling tracking for this client, and then re-enabling it with a different mode.`,
  );
const NOT_TRACKING = error(
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
);

interface Options {
  redirect: number;
  readonly words: Set<string>;
  readonly prefixes: string[];
}

const plainOptions: ReadonlySet<string> = new Set(['bcast', 'optin', 'optout', 'noloop']);

/** The options behind ON or OFF; an error reply when they are wrong. */
function parseOptions({ node }: Context, argv: readonly string[]): Options | string {
  const options: Options = { redirect: 0, words: new Set(), prefixes: [] };
  for (let i = 3; i < argv.length; i++) {
    const word = (argv[i] as string).toLowerCase();
    const value = argv[i + 1];
    if (word === 'redirect' && value !== undefined) {
      i++;
      if (options.redirect !== 0) return error('ERR A client can only redirect to a single other client');
      const id = parseInteger(value);
      if (id === undefined) return NOT_AN_INTEGER;
      if (node.clients.byId(id) === undefined)
        return error('ERR The client ID you want redirect to does not exist');
      options.redirect = id;
    } else if (word === 'prefix' && value !== undefined) {
      i++;
      options.prefixes.push(value);
    } else if (plainOptions.has(word)) options.words.add(word);
    else return SYNTAX_ERROR;
  }
  return options;
}

/** Why the options do not go together, or not with what the client has; an error reply. */
function refusalOf({ words, prefixes }: Options, client: Session): string | undefined {
  const before = client.tracking?.on ? client.tracking.mode : undefined;
  const [bcast, optin, optout] = [words.has('bcast'), words.has('optin'), words.has('optout')];
  if (!bcast && prefixes.length > 0) return error('ERR PREFIX option requires BCAST mode to be enabled');
  if (before !== undefined && (before === 'bcast') !== bcast) return switched('BCAST mode on/off');
  if (bcast && (optin || optout)) return error('ERR OPTIN and OPTOUT are not compatible with BCAST');
  if (optin && optout) return error("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if ((optin && before === 'optout') || (optout && before === 'optin')) return switched('OPTIN/OPTOUT mode');
  return prefixRefusal(prefixes, client.tracking?.prefixes ?? []);
}

/**
 * No key may begin with two prefixes of one client; the error reply when one could. Behind some of these errors redis-server 7.0
 * sends an OK, too, which its clients take for the reply of their next command: that is not followed.
 */
function prefixRefusal(prefixes: readonly string[], present: Iterable<string>): string | undefined {
  const existing = [...present].sort();
  const overlapping = overlappingOf([...existing, ...prefixes]);
  const index = prefixes.findIndex((prefix) => overlapping.has(prefix));
  const prefix = prefixes[index];
  if (prefix === undefined) return undefined;
  const overlaps = (other: string): boolean => prefix.startsWith(other) || other.startsWith(prefix);
  const found = existing.find(overlaps);
  const what =
    found === undefined
      ? `another provided prefix '${prefixes.slice(index + 1).find(overlaps)}'`
      : `an existing prefix '${found}'`;
  return error(
    `ERR Prefix '${prefix}' overlaps with ${what}. Prefixes for a single client must not overlap.`,
  );
}

/** Those that begin with another, and these. In their order the longer ones come right behind: no need to compare all with all. */
function overlappingOf(prefixes: string[]): Set<string> {
  const overlapping = new Set<string>();
  let shorter: string | undefined;
  for (const prefix of prefixes.sort()) {
    if (shorter !== undefined && prefix.startsWith(shorter)) overlapping.add(shorter).add(prefix);
    else shorter = prefix;
  }
  return overlapping;
}

function tracking(context: Context, argv: readonly string[]): Reply {
  const { client, node } = context;
  const options = parseOptions(context, argv);
  if (typeof options === 'string') return options;
  switch ((argv[2] as string).toLowerCase()) {
    case 'on': {
      const refusal = refusalOf(options, client);
      if (refusal !== undefined) return refusal;
      const { words, redirect, prefixes } = options;
      const modes: readonly TrackingMode[] = ['bcast', 'optin', 'optout'];
      const mode = modes.find((name) => words.has(name)) ?? 'default';
      node.tracking.enable(client, { mode, noLoop: words.has('noloop'), redirect, prefixes });
      return OK;
    }
    case 'off':
      node.tracking.disable(client);
      return OK;
    default:
      return SYNTAX_ERROR;
  }
}

function caching({ client }: Context, argv: readonly string[]): Reply {
  const state = client.tracking;
  if (!state?.on) return NOT_TRACKING;
  const word = (argv[2] as string).toUpperCase();
  if (word !== 'YES' && word !== 'NO') return SYNTAX_ERROR;
  const mode = word === 'YES' ? 'OPTIN' : 'OPTOUT';
  if (state.mode !== mode.toLowerCase())
    return error(`ERR CLIENT CACHING ${word} is only valid when tracking is enabled in ${mode} mode.`);
  state.caching = true;
  return OK;
}

/** Who hears in this client's place: 0 for itself, -1 where it does not track. */
function redirectOf({ tracking: state }: Session): number {
  return state?.on ? state.redirect : -1;
}

function trackingInfo({ client, resp }: Context): Reply {
  const state = client.tracking;
  const flags = [state?.on ? 'on' : 'off'];
  if (state?.on) {
    if (state.mode !== 'default') flags.push(state.mode);
    if (state.caching) flags.push(state.mode === 'optin' ? 'caching-yes' : 'caching-no');
    if (state.noLoop) flags.push('noloop');
    if (state.redirectBroken) flags.push('broken_redirect');
  }
  const prefixes = [...(state?.prefixes ?? [])].sort();
  return map(
    [
      ...[bulk('flags'), set(flags.map(bulk), resp)],
      ...[bulk('redirect'), integer(redirectOf(client))],
      ...[bulk('prefixes'), bulkArray(prefixes)],
    ],
    resp,
  );
}

const common = {
  flags: ['noscript', 'loading', 'stale', 'sentinel'],
  categories: ['connection'],
  keySpecs: [],
  group: 'connection',
  complexity: 'O(1)',
  since: '6.0.0',
} as const;

export const clientTrackingRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'caching',
    arity: 3,
    summary: 'Says whether the keys of the next command are tracked',
    handler: caching,
  },
  {
    ...common,
    name: 'getredir',
    arity: 2,
    summary: 'The client that hears of tracked keys in place of this one',
    handler: ({ client }) => integer(redirectOf(client)),
  },
  {
    ...common,
    name: 'tracking',
    arity: -3,
    summary: 'Tells this connection when keys that it has read change, or stops that',
    complexity: 'O(1). Some options may introduce additional complexity.',
    handler: tracking,
  },
  {
    ...common,
    name: 'trackinginfo',
    arity: 2,
    summary: 'Tells about the tracking of keys for this connection',
    since: '6.2.0',
    handler: trackingInfo,
  },
];
