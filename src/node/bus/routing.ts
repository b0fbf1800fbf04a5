/**
 * Owns the answer to "does this node serve these keys?": served here, or the error that sends the client elsewhere.
 * Source: Redis 7.0 cluster.c getNodeByQuery, clusterRedirectClient, getPreferredEndpoint.
 */
import { error } from '../../protocol/resp/encode.ts';
import { keyReferences } from '../command/keys.ts';
import type { CommandRow } from '../command/row.ts';
import type { QueuedCommand, Session } from '../dispatch/session.ts';
import { slotOf } from '../keyspace/slot-of.ts';
import type { Config } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ClusterState } from './cluster-state.ts';

const CROSS_SLOT = error("CROSSSLOT Keys in request don't hash to the same slot");
const TRY_AGAIN = error('TRYAGAIN Multiple keys request during rehashing of slot');
const DOWN = error('CLUSTERDOWN The cluster is down');
const DOWN_READ_ONLY = error('CLUSTERDOWN The cluster is down and only accepts read commands');
const SLOT_NOT_SERVED = error('CLUSTERDOWN Hash slot not served');

const shardedPubsub: ReadonlySet<string> = new Set(['ssubscribe', 'sunsubscribe', 'spublish']);

/** What the commands ask for, gathered: all keys are in one slot. */
interface Request {
  readonly slot: number;
  readonly keys: readonly string[];
  readonly writes: boolean;
  /** All of them carry the flag (RESTORE-ASKING). */
  readonly asking: boolean;
  readonly sharded: boolean;
  readonly migrates: boolean;
}

export class Router {
  readonly #state: ClusterState;
  readonly #config: Config;
  readonly #database: () => Database;

  constructor(state: ClusterState, config: Config, database: () => Database) {
    this.#state = state;
    this.#config = config;
    this.#database = database;
  }

  route(client: Session, commands: readonly QueuedCommand[], writes: boolean): string | undefined {
    const keys: string[] = [];
    let slot = -1;
    let asking = commands.length > 0;
    for (const { row, argv } of commands) {
      for (const { index } of keyReferences(row, argv, true)) {
        const key = argv[index] as string;
        const keySlot = slotOf(key);
        if (slot === -1) {
          slot = keySlot;
          if (this.#state.owner(slot) === undefined) return SLOT_NOT_SERVED;
        } else if (keySlot !== slot) {
          return CROSS_SLOT;
        }
        keys.push(key);
      }
      if (!row.flags.includes('asking')) asking = false;
    }
    if (slot === -1) return undefined;
    const only = commands.length === 1 ? commands[0]?.row.name : undefined;
    return this.#decide(client, {
      slot,
      keys,
      writes,
      asking,
      sharded: only !== undefined && shardedPubsub.has(only),
      migrates: only === 'migrate',
    });
  }

  /** On the way of every SET and GET: nothing is made when the key is simply served here. */
  routeKey(client: Session, row: CommandRow, key: string, writes: boolean): string | undefined {
    const state = this.#state;
    const slot = slotOf(key);
    const owner = state.owner(slot);
    const { migrating } = state;
    if (owner === state.myself && state.ok && (migrating.size === 0 || !migrating.has(slot)))
      return undefined;
    if (owner === undefined) return SLOT_NOT_SERVED;
    return this.#decide(client, {
      slot,
      keys: [key],
      writes,
      asking: row.flags.includes('asking'),
      sharded: shardedPubsub.has(row.name),
      migrates: row.name === 'migrate',
    });
  }

  redirectBlocked(client: Session, key: string, writes: boolean): string | undefined {
    const state = this.#state;
    // Even where reads are allowed: what is waited for takes a write, which may never come.
    if (!state.ok) return DOWN;
    const slot = slotOf(key);
    const owner = state.owner(slot);
    const { myself } = state;
    const readsHere = client.readonly && !writes && myself.isReplica && myself.master === owner;
    if (owner === myself || readsHere || state.importing.has(slot)) return undefined;
    return owner === undefined ? SLOT_NOT_SERVED : this.#redirection(client, 'MOVED', slot, owner);
  }

  /** The slot has an owner. */
  #decide(client: Session, request: Request): string | undefined {
    const state = this.#state;
    const { slot } = request;
    const owner = state.owner(slot) as ClusterNode;
    if (!state.ok) {
      const refusal = this.#refusalWhenDown(request);
      if (refusal !== undefined) return refusal;
    }
    const target = owner === state.myself ? state.migrating.get(slot) : undefined;
    const importing = target === undefined && state.importing.has(slot);
    const isOpen = target !== undefined || importing;
    // Keys of an open slot move freely between its two ends.
    if (isOpen && request.migrates) return undefined;
    const missing = isOpen && !request.sharded ? this.#countMissing(request.keys) : 0;
    if (target !== undefined && missing > 0)
      return missing < request.keys.length ? TRY_AGAIN : this.#redirection(client, 'ASK', slot, target);
    if (importing && (client.asking || request.asking))
      return missing > 0 && hasSeveral(request.keys) ? TRY_AGAIN : undefined;

    const mayReadHere = client.readonly || request.sharded;
    const { myself } = state;
    if (mayReadHere && !request.writes && myself.isReplica && myself.master === owner) return undefined;
    return owner === myself ? undefined : this.#redirection(client, 'MOVED', slot, owner);
  }

  #refusalWhenDown({ sharded, writes }: Request): string | undefined {
    if (sharded) return this.#config.flag('cluster-allow-pubsubshard-when-down') ? undefined : DOWN;
    if (!this.#config.flag('cluster-allow-reads-when-down')) return DOWN;
    return writes ? DOWN_READ_ONLY : undefined;
  }

  #countMissing(keys: readonly string[]): number {
    const database = this.#database();
    return keys.filter((key) => database.peek(key) === undefined).length;
  }

  #redirection(client: Session, kind: 'MOVED' | 'ASK', slot: number, node: ClusterNode): string {
    const config = this.#config;
    return error(`${kind} ${slot} ${preferredEndpoint(node, config) ?? ''}:${portFor(client, node, config)}`);
  }
}

function hasSeveral(keys: readonly string[]): boolean {
  return keys.some((key) => key !== keys[0]);
}

/** As cluster-preferred-endpoint-type says; undefined where clients shall keep to the address they used. */
export function preferredEndpoint(node: ClusterNode, config: Config): string | undefined {
  switch (config.text('cluster-preferred-endpoint-type')) {
    case 'hostname':
      return node.hostname === '' ? '?' : node.hostname;
    case 'unknown-endpoint':
      return undefined;
    default:
      return node.ip;
  }
}

/** Where this client finds the node: in a cluster with TLS, clients without it are shown the plain ports. */
export function portFor(client: Session, node: ClusterNode, config: Config): number {
  const isPlain = node.plainPort !== 0 && client.isPlain && config.flag('tls-cluster');
  return isPlain ? node.plainPort : node.port;
}
