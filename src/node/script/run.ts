/**
 * Owns one run of a script: what it may do, and the gates of the commands that it calls.
 * Source: Redis script.c scriptPrepareForRun, scriptCall, scriptInterrupt, scriptKill.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import { keysOf } from '../command/keys.ts';
import { type Command, flagBits } from '../command/table.ts';
import { goodReplicas, wrongArity } from '../dispatch/gates.ts';
import { OUT_OF_MEMORY } from '../dispatch/memory-gate.ts';
import type { Session } from '../dispatch/session.ts';
import { slotOf } from '../keyspace/slot-of.ts';
import type { NodeParts } from '../parts/node.ts';
import { scriptFlags } from './flags.ts';
import type { Replicated, RunApi } from './redis-api.ts';

const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';

export interface RunOptions {
  readonly parts: NodeParts;
  /** The session that the script's commands run under; nobody reads its replies. */
  readonly session: Session;
  /** Who runs the script; the context is another command's once this one waits. */
  readonly client: Session;
  /** SHA1 of a script, name of a function. */
  readonly name: string;
  readonly kind: 'eval' | 'function';
  readonly flags: number;
  /** EVAL_RO and its like. */
  readonly readOnly: boolean;
  readonly argv: readonly string[];
  readonly keys: readonly string[];
}

/** Why a script may not run at all: an error text with its code; undefined: it may. */
export function refusalToRun({ parts, client, flags, readOnly }: RunOptions): string | undefined {
  const { config, replication, persistence } = parts;
  const isReplica = replication.role === 'replica';
  const isStale = isReplica && !replication.linkUp && !config.flag('replica-serve-stale-data');
  if ((flags & scriptFlags.compatible) !== 0)
    return isStale
      ? "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
      : undefined;
  if ((flags & scriptFlags.noCluster) !== 0 && parts.cluster !== undefined)
    return "ERR Can not run script on cluster, 'no-cluster' flag is set.";
  if (isStale && (flags & scriptFlags.allowStale) === 0)
    return (
      "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' " +
      "and 'allow-stale' flag is not set on the script."
    );
  if ((flags & scriptFlags.noWrites) !== 0) return undefined;
  const obeys = client.kind === 'master';
  if (isReplica && config.flag('replica-read-only') && !obeys)
    return 'READONLY Can not run script with write flag on readonly replica';
  if (persistence.refusal !== undefined && !obeys) return withoutWrites(persistence.refusal);
  if (readOnly) return 'ERR Can not execute a script with write flag using *_ro command.';
  if (!isReplica && !hasGoodReplicas(parts)) return NO_REPLICAS;
  const outOfMemory = parts.eviction.limited && parts.eviction.outOfMemory;
  return outOfMemory && (flags & scriptFlags.allowOom) === 0
    ? "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
    : undefined;
}

/** The refusal of writes as it is said of scripts. */
function withoutWrites(refusal: string): string {
  const advice = "Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";
  const aofError = /^MISCONF Errors writing to the AOF file: (.*)$/.exec(refusal)?.[1];
  return aofError === undefined
    ? `MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. ${advice}`
    : `MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. ${advice} AOF error: ${aofError}`;
}

function hasGoodReplicas(parts: NodeParts): boolean {
  const wanted = parts.config.number('min-replicas-to-write');
  return wanted === 0 || parts.config.number('min-replicas-max-lag') === 0 || goodReplicas(parts) >= wanted;
}

export class Run implements RunApi {
  readonly options: RunOptions;
  readonly startedMs: number;
  /** A write command was called: the script cannot be killed any more. */
  wrote = false;
  killed = false;
  readonly #readOnly: boolean;
  #slot = -1;
  #targets: Replicated = 3;

  constructor(options: RunOptions) {
    this.options = options;
    const { parts, session, client, flags } = options;
    this.startedMs = parts.clock.monotonicMs();
    this.#readOnly =
      options.readOnly || (flags & (scriptFlags.compatible | scriptFlags.noWrites)) === scriptFlags.noWrites;
    session.db = client.db;
    session.resp = 2;
    session.kind = client.kind === 'master' ? 'master' : 'normal';
    session.readonly = client.readonly;
    session.asking = client.asking;
    session.name = client.name;
    session.user = client.user;
    const first = options.keys[0];
    if (parts.cluster !== undefined && first !== undefined) this.#slot = slotOf(first);
  }

  get elapsedMs(): number {
    return this.options.parts.clock.monotonicMs() - this.startedMs;
  }

  /** As redis.setresp left it. */
  get resp(): RespVersion {
    return this.options.session.resp;
  }

  setResp(version: RespVersion): void {
    this.options.session.resp = version;
  }

  setReplication(targets: Replicated): void {
    this.#targets = targets;
  }

  mayRun(argv: readonly string[]): boolean | undefined {
    const { parts, client } = this.options;
    const command = parts.commands.lookup(argv);
    return command && client.user.denial(command, argv) === undefined;
  }

  call(argv: readonly string[]): { readonly reply: string } | { readonly refused: string } {
    const { parts, session } = this.options;
    const command = parts.commands.lookup(argv);
    const refused = command === undefined ? unknown : this.#refusal(command, argv);
    if (command === undefined || refused !== undefined) {
      const text = refused ?? unknown;
      parts.dispatch.refusedFromScript(session, command, text);
      return { refused: text };
    }
    return { reply: parts.dispatch.callFromScript(session, command, argv, this.#targets) };
  }

  /** Why the command may not be called: as pushError takes it. */
  #refusal(command: Command, argv: readonly string[]): string | undefined {
    const { parts, client } = this.options;
    if (wrongArity(command, argv.length)) return 'Wrong number of args calling Redis command from script';
    if (command.handler === undefined) return unknown;
    const { bits } = command;
    if ((bits & flagBits.noscript) !== 0 && !parts.scripts.allowsAnyCommand)
      return 'This Redis command is not allowed from script';
    if ((bits & flagBits.stale) === 0 && this.#isStale())
      return 'Can not execute the command on a stale replica';
    if (!client.user.unrestricted) {
      const refused = parts.acl.refusalInScript(client, command, argv);
      if (refused !== undefined) return refused;
    }
    if (this.#readOnly && (bits & (flagBits.write | flagBits.may_replicate)) !== 0)
      return 'Write commands are not allowed from read-only scripts.';
    if ((bits & flagBits.write) !== 0) {
      const refused = this.wrote ? undefined : this.#writeRefusal();
      if (refused !== undefined) return refused;
    }
    if ((bits & flagBits.denyoom) !== 0 && this.#lacksMemory()) return `-${OUT_OF_MEMORY}`;
    if ((bits & flagBits.write) !== 0) this.wrote = true;
    return parts.cluster === undefined || !command.hasKeys ? undefined : this.#clusterRefusal(command, argv);
  }

  #isStale(): boolean {
    const { replication, config } = this.options.parts;
    return replication.role === 'replica' && !replication.linkUp && !config.flag('replica-serve-stale-data');
  }

  #writeRefusal(): string | undefined {
    const { parts, client } = this.options;
    const { replication, config, persistence } = parts;
    const obeys = client.kind === 'master';
    if (replication.role === 'replica' && config.flag('replica-read-only') && !obeys)
      return "-READONLY You can't write against a read only replica.";
    if (persistence.refusal !== undefined) return `-${persistence.refusal}`;
    return replication.role === 'replica' || hasGoodReplicas(parts) ? undefined : `-${NO_REPLICAS}`;
  }

  /** Once it has written, it cannot be stopped halfway. Source: script.c scriptVerifyOOM. */
  #lacksMemory(): boolean {
    const { parts, client, flags } = this.options;
    if (!parts.eviction.limited || !parts.eviction.outOfMemory) return false;
    const allowed = (flags & scriptFlags.compatible) === 0 && (flags & scriptFlags.allowOom) !== 0;
    return !allowed && !this.wrote && client.kind !== 'master';
  }

  #clusterRefusal(command: Command, argv: readonly string[]): string | undefined {
    const { parts, session, client, flags } = this.options;
    if (client.kind === 'master') return undefined;
    const writes = (command.bits & flagBits.write) !== 0;
    const redirection = parts.cluster?.route(session, [{ row: command, argv }], writes);
    if (redirection !== undefined) {
      if (redirection.startsWith('-CLUSTERDOWN The cluster is down and only'))
        return 'Script attempted to execute a write command while the cluster is down and readonly';
      if (redirection.startsWith('-CLUSTERDOWN The cluster is down'))
        return 'Script attempted to execute a command while the cluster is down';
      return 'Script attempted to access a non local key in a cluster node';
    }
    if ((flags & (scriptFlags.compatible | scriptFlags.allowCrossSlotKeys)) !== 0) return undefined;
    const key = keysOf(command, argv)[0];
    if (key === undefined) return undefined;
    const slot = slotOf(key);
    if (this.#slot === -1) this.#slot = slot;
    return this.#slot === slot
      ? undefined
      : 'Script attempted to access keys that do not hash to the same slot';
  }
}

const unknown = 'Unknown Redis command called from script';
