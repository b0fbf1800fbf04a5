/**
 * Owns two scripted masters that move slots by themselves as the documentation of Valkey 9.0 (CLUSTER MIGRATESLOTS) and
 * of Redis 8.4 (CLUSTER MIGRATION) says: commands, fields of the replies, states.
 */
import type { NodeRef } from '../../src/plan/plan.ts';
import { SlotSet } from '../../src/protocol/slots/slot-set.ts';
import { formatNodeLine } from '../../src/protocol/text/nodes.ts';
import { type ScriptedServer, scriptedServer } from './scripted-server.ts';
import { until } from './servers.ts';

type End = 'source' | 'target';

interface PeerJob {
  readonly id: string;
  readonly slots: string;
  state: string;
  /** How often it was asked for. */
  looks: number;
}

const ids: Readonly<Record<End, string>> = { source: 'a'.repeat(40), target: 'b'.repeat(40) };
/** What a migration goes through, one state a look. */
const statesOf = {
  valkey: ['connecting', 'snapshotting', 'replicating', 'success'],
  redis: ['connecting', 'accumulate-buffer', 'takeover', 'completed'],
} as const;

export class AtomicPeers {
  readonly #flavour: 'valkey' | 'redis';
  readonly #servers = new Map<End, ScriptedServer>();
  readonly #jobs: PeerJob[] = [];
  readonly #target = new SlotSet();
  /** How migrations end: like the script, or "failed"; "endless": only by being cancelled; "late": cancelled in vain. */
  fate: { readonly state: string; readonly message: string } = { state: '', message: '' };
  /** The answer to a new migration. */
  refusal: string | undefined;
  offeredBy: readonly End[] = ['source', 'target'];
  cancelled = 0;

  private constructor(flavour: 'valkey' | 'redis') {
    this.#flavour = flavour;
  }

  static async start(flavour: 'valkey' | 'redis'): Promise<AtomicPeers> {
    const peers = new AtomicPeers(flavour);
    for (const end of ['source', 'target'] as const) {
      peers.#servers.set(end, await scriptedServer((words) => peers.#answer(end, words)));
    }
    return peers;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) await server.stop();
  }

  ref(end: End): NodeRef {
    const { address } = this.#at(end);
    return { id: ids[end], address, busPort: address.port + 10_000 };
  }

  nameOf(end: End): string {
    return `127.0.0.1:${this.#at(end).address.port}`;
  }

  get requests(): string[] {
    return [...this.#servers.values()].flatMap(({ requests }) => requests);
  }

  /** The slots of each migration, in order. */
  get started(): string[] {
    return this.#jobs.map(({ slots }) => slots);
  }

  ownedBy(end: End): SlotSet {
    const all = new SlotSet(Array.from({ length: 16_384 }, (_, slot) => slot));
    if (end === 'target') return this.#target;
    for (const slot of this.#target) all.delete(slot);
    return all;
  }

  begin(slots: string): PeerJob {
    const job = { id: String(this.#jobs.length).padStart(40, '0'), slots, state: 'connecting', looks: 0 };
    this.#jobs.push(job);
    return job;
  }

  async untilStarted(): Promise<void> {
    await until(() => (this.#jobs[0]?.looks ?? 0) > 1, 'a migration');
  }

  #at(end: End): ScriptedServer {
    const server = this.#servers.get(end);
    if (server === undefined) throw new Error(`no ${end}`);
    return server;
  }

  #answer(end: End, words: readonly string[]): string {
    const line = words.join(' ').toUpperCase();
    const teller = this.#flavour === 'valkey' ? 'source' : 'target';
    if (line === 'CLUSTER NODES') return bulk(this.#nodes(end));
    if (line.startsWith('INFO')) return bulk('redis_version:8.4.0\r\n');
    if (line.startsWith('COMMAND INFO')) return this.#commandInfo(end, words.slice(2));
    if (line.startsWith('CLUSTER COUNTKEYSINSLOT')) return `:${words[2]}\r\n`;
    if (line === 'DBSIZE') return ':100\r\n';
    if (end !== teller) return `-ERR unknown subcommand '${words[1]}'\r\n`;
    if (this.#flavour === 'valkey') {
      const start = /^CLUSTER MIGRATESLOTS SLOTSRANGE ([\d ]+) NODE (\w+)$/.exec(line);
      if (start?.[2] === ids.target.toUpperCase())
        return this.refusal ?? this.#started(start[1] ?? '', '+OK\r\n');
      if (line === 'CLUSTER GETSLOTMIGRATIONS') return this.#list();
      if (line === 'CLUSTER CANCELSLOTMIGRATIONS') return this.#cancel('+OK\r\n');
    } else {
      const start = /^CLUSTER MIGRATION IMPORT ([\d ]+)$/.exec(line);
      if (start !== null) return this.refusal ?? this.#started(start[1] ?? '', undefined);
      if (line === 'CLUSTER MIGRATION STATUS ALL') return this.#list();
      if (line.startsWith('CLUSTER MIGRATION CANCEL ID ')) return this.#cancel(':1\r\n');
    }
    return `-ERR unknown subcommand '${words[1]}'\r\n`;
  }

  #commandInfo(end: End, names: readonly string[]): string {
    const own = this.#flavour === 'valkey' ? 'cluster|migrateslots' : 'cluster|migration';
    const known = (name: string): boolean => name.toLowerCase() === own && this.offeredBy.includes(end);
    return `*${names.length}\r\n${names.map((name) => (known(name) ? `*2\r\n${bulk(name)}:-4\r\n` : '*-1\r\n')).join('')}`;
  }

  #started(numbers: string, reply: string | undefined): string {
    const bounds = numbers.trim().split(' ').map(Number);
    const ranges: string[] = [];
    for (let at = 0; at < bounds.length; at += 2) ranges.push(`${bounds[at]}-${bounds[at + 1]}`);
    const job = this.begin(ranges.join(' '));
    return reply ?? bulk(job.id);
  }

  #cancel(reply: string): string {
    this.cancelled++;
    for (const job of this.#jobs) {
      if (['success', 'completed', 'failed'].includes(job.state)) continue;
      if (this.fate.state === 'late') this.#end(job);
      else job.state = this.#flavour === 'valkey' ? 'cancelled' : 'canceled';
    }
    return reply;
  }

  /** The slots change their owner. */
  #end(job: PeerJob): void {
    job.state = statesOf[this.#flavour].at(-1) ?? '';
    for (const range of job.slots.split(' ')) {
      const [first = 0, last = first] = range.split('-').map(Number);
      for (let slot = first; slot <= last; slot++) this.#target.add(slot);
    }
  }

  #list(): string {
    for (const job of this.#jobs) this.#advance(job);
    const fields = this.#jobs.map((job): [string, string | number][] => {
      const isOver = ['success', 'completed', 'failed', 'cancelled', 'canceled'].includes(job.state);
      const message = job.state === 'failed' ? this.fate.message : '';
      return this.#flavour === 'valkey'
        ? [
            ['name', job.id],
            ['operation', 'EXPORT'],
            ['slot_ranges', job.slots],
            ['target_node', ids.target],
            ['source_node', ids.source],
            ['create_time', 1_754_870_400],
            ['last_update_time', 1_754_870_400],
            ['last_ack_time', 1_754_870_400],
            ['state', job.state],
            ['message', message],
            ['cow_size', 0],
          ]
        : [
            ['id', job.id],
            ['slots', job.slots],
            ['source', ids.source],
            ['dest', ids.target],
            ['operation', 'import'],
            ['state', job.state],
            ['last_error', message],
            ['retries', 0],
            ['create_time', 1_754_870_400_000],
            ['start_time', 1_754_870_400_000],
            ['end_time', isOver ? 1_754_870_401_000 : 0],
            ['write_pause_ms', 2],
          ];
    });
    return `*${fields.length}\r\n${fields
      .map((pairs) => `*${pairs.length * 2}\r\n${pairs.flat().map(item).join('')}`)
      .join('')}`;
  }

  #advance(job: PeerJob): void {
    const states = statesOf[this.#flavour];
    if (!states.slice(0, -1).some((state) => state === job.state)) return;
    job.looks++;
    const isEndless = this.fate.state === 'endless' || this.fate.state === 'late';
    if (this.fate.state === 'failed' && job.looks > 2) job.state = 'failed';
    else if (job.looks < states.length) job.state = states[isEndless ? 1 : job.looks - 1] ?? '';
    else if (!isEndless) this.#end(job);
  }

  #nodes(end: End): string {
    return (['source', 'target'] as const)
      .map((other) =>
        formatNodeLine({
          id: ids[other],
          ip: '127.0.0.1',
          port: this.#at(other).address.port,
          busPort: this.#at(other).address.port + 10_000,
          hostname: '',
          flags: other === end ? ['myself', 'master'] : ['master'],
          masterId: undefined,
          pingSentMs: 0,
          pongReceivedMs: 0,
          configEpoch: other === 'source' ? 1 : 2,
          linkState: 'connected',
          slots: this.ownedBy(other).ranges(),
          migrating: [],
          importing: [],
        }),
      )
      .join('\n');
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function item(value: string | number): string {
  return typeof value === 'number' ? `:${value}\r\n` : bulk(value);
}
