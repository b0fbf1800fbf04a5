/**
 * Owns a cluster of make-believe masters on real sockets: just enough of Redis to move slots between them, with a
 * client that writes meanwhile and faults drawn from a seed. It keeps the books: a key that was acknowledged and is
 * nowhere any more was lost. Source of the rules: Redis cluster.c (SETSLOT, getNodeByQuery, clusterUpdateSlotsConfigWith).
 */
import { createServer, type Server, type Socket } from 'node:net';
import RedisParser from 'redis-parser';
import type { Random } from '../../src/core/random.ts';
import { rangesOf } from '../../src/protocol/slots/slot-set.ts';
import { formatNodeLine } from '../../src/protocol/text/nodes.ts';

export interface Faults {
  /** Each in a thousand requests: the connection breaks before, or after, the request is carried out. */
  readonly breakBefore: number;
  readonly breakAfter: number;
  /** Each in a thousand MIGRATEs: cut short, with some keys on both sides; or refused for a moment. */
  readonly migrateCut: number;
  readonly migrateRefused: number;
  /** Each in a thousand requests: the client writes a key of a moving slot right before. */
  readonly write: number;
}

export const noFaults: Faults = { breakBefore: 0, breakAfter: 0, migrateCut: 0, migrateRefused: 0, write: 0 };

export class FakeNode {
  readonly id: string;
  port = 0;
  epoch: number;
  role: 'master' | 'slave' = 'master';
  /** The owner of each slot that is of interest, as this node knows it. */
  readonly table = new Map<number, string>();
  readonly migrating = new Map<number, string>();
  readonly importing = new Map<number, string>();
  readonly keys = new Map<number, Map<string, string>>();

  constructor(index: number) {
    this.id = String(index + 1).padStart(40, '0');
    this.epoch = index + 1;
  }

  keysIn(slot: number): Map<string, string> {
    let keys = this.keys.get(slot);
    if (keys === undefined) {
      keys = new Map();
      this.keys.set(slot, keys);
    }
    return keys;
  }
}

export class FakeCluster {
  readonly nodes: FakeNode[];
  readonly random: Random;
  faults: Faults = noFaults;
  /** What INFO and MEMORY USAGE tell, in bytes. */
  dataBytes = 1000;
  sizeOf: (key: string) => number = () => 100;
  /** An answer instead of the one that the request would get; it is not carried out then. */
  instead: (node: FakeNode, words: readonly string[]) => string | undefined = () => undefined;
  /** How many MULTIs were begun. */
  transactions = 0;
  /** Fields of INFO besides those that are needed: "valkey_version:8.0.1". */
  serverInfo = '';
  /** What INFO tells instead of the number of keys that there are. */
  keyCount: number | undefined;
  /** Whether a claim reaches the other nodes at once. */
  broadcasts = true;
  /** What the client wrote and was told OK for. */
  readonly written = new Map<string, { readonly slot: number; readonly value: string }>();
  /** Every SETSLOT in the order in which it was carried out: "node 5 MIGRATING". */
  readonly log: string[] = [];
  /** Called before each request is carried out; may change the world. */
  onRequest: (node: FakeNode, words: readonly string[]) => void = () => {};
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #writes = 0;

  constructor(count: number, random: Random) {
    this.nodes = Array.from({ length: count }, (_, index) => new FakeNode(index));
    this.random = random;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) {
      const server = createServer({ noDelay: true }, (socket) => this.#serve(node, socket));
      this.#servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      node.port = typeof address === 'object' && address !== null ? address.port : 0;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Gives a slot with `count` keys to a node; all know it. */
  assign(slot: number, owner: FakeNode, count: number): void {
    for (const node of this.nodes) node.table.set(slot, owner.id);
    for (let index = 0; index < count; index++)
      this.#acknowledge(owner, slot, `k:${slot}:${index}`, `v${index}`);
  }

  byId(id: string | undefined): FakeNode {
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  /** Keys that were acknowledged and are not, with their value, where a client would find them. */
  missing(): string[] {
    return [...this.written].flatMap(([key, { slot, value }]) => {
      const owner = this.byId(this.nodes[0]?.table.get(slot));
      const other = owner.migrating.get(slot);
      // What the owner of a migrating slot does not have is asked for at the other end.
      const asked = other === undefined ? undefined : this.byId(other).keysIn(slot).get(key);
      return (owner.keysIn(slot).get(key) ?? asked) === value ? [] : [key];
    });
  }

  /** A client writes a key of this slot, new or old, following redirections as clients do. */
  write(slot: number): void {
    const key = `k:${slot}:${this.random.below(2) === 0 ? this.random.below(8) : `new${this.#writes}`}`;
    const value = `w${this.#writes++}`;
    let node = this.byId(this.nodes[this.random.below(this.nodes.length)]?.table.get(slot));
    for (let hops = 0; hops < 4; hops++) {
      const owner = node.table.get(slot);
      if (owner !== node.id) node = this.byId(owner);
      else if (node.migrating.has(slot) && !node.keysIn(slot).has(key)) {
        const target = this.byId(node.migrating.get(slot));
        // ASK: taken only where the slot is being imported.
        if (target.importing.has(slot) || target.table.get(slot) === target.id) {
          this.#acknowledge(target, slot, key, value);
          return;
        }
      } else {
        this.#acknowledge(node, slot, key, value);
        return;
      }
    }
  }

  #acknowledge(node: FakeNode, slot: number, key: string, value: string): void {
    node.keysIn(slot).set(key, value);
    this.written.set(key, { slot, value });
  }

  /** Each node hears what each other claims. A master that loses a slot deletes the keys that it holds of it. */
  gossip(): void {
    for (const sender of this.nodes) {
      for (const [slot, owner] of sender.table) {
        if (owner !== sender.id) continue;
        for (const hearer of this.nodes) {
          const known = hearer.table.get(slot);
          if (known === sender.id || hearer.importing.has(slot)) continue;
          if (this.byId(known).epoch >= sender.epoch) continue;
          if (known === hearer.id) hearer.keysIn(slot).clear();
          hearer.table.set(slot, sender.id);
        }
      }
    }
  }

  #serve(node: FakeNode, socket: Socket): void {
    this.#sockets.add(socket);
    let asking = false;
    const carryOut = (words: string[], asked: boolean): string => {
      this.onRequest(node, words);
      return this.instead(node, words) ?? this.#answer(node, words, asked);
    };
    /** What a MULTI waits with; it goes with the connection. */
    let queue: string[][] | undefined;
    const answer = (words: string[]): string => {
      if (words[0] === 'MULTI') {
        queue = [];
        this.transactions++;
        return '+OK\r\n';
      }
      if (words[0] === 'EXEC') {
        const queued = queue ?? [];
        queue = undefined;
        return `*${queued.length}\r\n${queued.map((each) => carryOut(each, false)).join('')}`;
      }
      if (queue === undefined) return carryOut(words, asking);
      queue.push(words);
      return '+QUEUED\r\n';
    };
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: (request: Buffer[]) => {
        if (socket.destroyed) return;
        const words = request.map((word) => word.toString('latin1'));
        this.#disturb(words);
        if (this.#chance(this.faults.breakBefore)) return void socket.destroy();
        const reply = answer(words);
        asking = words[0] === 'ASKING';
        if (this.#chance(this.faults.breakAfter)) return void socket.destroy();
        socket.write(reply, 'latin1');
      },
      returnError: () => socket.destroy(),
    });
    socket.on('data', (chunk) => parser.execute(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #chance(perThousand: number): boolean {
    return perThousand > 0 && this.random.below(1000) < perThousand;
  }

  #disturb(words: readonly string[]): void {
    if (this.broadcasts && this.#chance(100)) this.gossip();
    if (!this.#chance(this.faults.write)) return;
    const slots = [...(this.nodes[0] as FakeNode).table.keys()];
    const named = Number(words[2]);
    const slot =
      words[1] === 'SETSLOT' && this.random.below(2) === 0 ? named : slots[this.random.below(slots.length)];
    if (slot !== undefined) this.write(slot);
  }

  #answer(node: FakeNode, words: readonly string[], asking: boolean): string {
    const [command = '', sub = ''] = words.map((word) => word.toUpperCase());
    switch (command === 'CLUSTER' ? sub : command) {
      case 'NODES':
        return bulk(this.#nodesText(node));
      case 'INFO':
        return bulk(
          command === 'CLUSTER'
            ? 'cluster_state:ok\r\ncluster_current_epoch:9\r\n'
            : `redis_version:7.2.4\r\n${this.serverInfo}\r\nused_memory_dataset:${this.dataBytes}\r\ndb0:keys=${this.keyCount ?? countOf(node)},expires=0\r\n`,
        );
      case 'SETSLOT':
        return this.#setSlot(node, Number(words[2]), (words[3] ?? '').toUpperCase(), words[4] ?? '');
      case 'CONFIG':
        return array(['cluster-node-timeout', '1000']);
      case 'MEMORY':
        return `:${this.sizeOf(words[2] ?? '')}\r\n`;
      case 'DBSIZE':
        return `:${countOf(node)}\r\n`;
      case 'RANDOMKEY': {
        const keys = [...node.keys.values()].flatMap((slotKeys) => [...slotKeys.keys()]);
        return keys.length === 0 ? '$-1\r\n' : bulk(keys[this.random.below(keys.length)] ?? '');
      }
      case 'COUNTKEYSINSLOT':
        return `:${node.keysIn(Number(words[2])).size}\r\n`;
      case 'GETKEYSINSLOT':
        return array([...node.keysIn(Number(words[2])).keys()].slice(0, Number(words[3])));
      case 'MIGRATE':
        return this.#migrate(node, words);
      case 'ASKING':
        return '+OK\r\n';
      case 'DUMP':
        return this.#read(node, words[1] ?? '', asking, (value) => bulk(`${value}0123456789`));
      case 'PTTL':
        return this.#read(node, words[1] ?? '', asking, () => ':-1\r\n');
      case 'TYPE':
        return this.#read(node, words[1] ?? '', asking, () => '+string\r\n');
      case 'GET':
        return this.#read(node, words[1] ?? '', asking, bulk);
      default:
        return `-ERR unknown command '${command}'\r\n`;
    }
  }

  #nodesText(node: FakeNode): string {
    return this.nodes
      .map((other) => {
        const own = other === node;
        const open = (slots: ReadonlyMap<number, string>) =>
          own ? [...slots].map(([slot, nodeId]) => ({ slot, nodeId })) : [];
        return formatNodeLine({
          id: other.id,
          ip: '127.0.0.1',
          port: other.port,
          busPort: other.port + 10000,
          hostname: '',
          flags: own ? ['myself', other.role] : [other.role],
          masterId: undefined,
          pingSentMs: 0,
          pongReceivedMs: 0,
          configEpoch: other.epoch,
          linkState: 'connected',
          slots: rangesOf(
            [...node.table]
              .filter(([, id]) => id === other.id)
              .map(([slot]) => slot)
              .sort((a, b) => a - b),
          ),
          migrating: open(node.migrating),
          importing: open(node.importing),
        });
      })
      .join('\n');
  }

  #setSlot(node: FakeNode, slot: number, state: string, id: string): string {
    if (node.role === 'slave') return '-ERR Please use SETSLOT only with masters.\r\n';
    const owns = node.table.get(slot) === node.id;
    if (state === 'IMPORTING' && owns) return `-ERR I'm already the owner of hash slot ${slot}\r\n`;
    if (state === 'MIGRATING' && !owns) return `-ERR I'm not the owner of hash slot ${slot}\r\n`;
    if (state === 'NODE' && owns && id !== node.id && node.keysIn(slot).size > 0) {
      return `-ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.\r\n`;
    }
    this.log.push(`${this.nodes.indexOf(node)} ${slot} ${state}`);
    if (state === 'IMPORTING') node.importing.set(slot, id);
    else if (state === 'MIGRATING') node.migrating.set(slot, id);
    else if (state === 'STABLE') {
      node.importing.delete(slot);
      node.migrating.delete(slot);
    } else this.#take(node, slot, id);
    return '+OK\r\n';
  }

  #take(node: FakeNode, slot: number, id: string): void {
    if (node.keysIn(slot).size === 0) node.migrating.delete(slot);
    node.table.set(slot, id);
    if (id !== node.id || !node.importing.has(slot)) return;
    const highest = Math.max(...this.nodes.map(({ epoch }) => epoch));
    if (node.epoch !== highest) node.epoch = highest + 1;
    node.importing.delete(slot);
    // The broadcast reaches the others after the reply.
    if (this.broadcasts) setImmediate(() => this.gossip());
  }

  #migrate(node: FakeNode, words: readonly string[]): string {
    const target = this.nodes.find(({ port }) => port === Number(words[2]));
    const at = words.indexOf('KEYS');
    const replace = words.slice(0, at).includes('REPLACE');
    if (target === undefined || at < 0) return '-ERR syntax error\r\n';
    if (this.#chance(this.faults.migrateRefused))
      return '-ERR Target instance replied with error: LOADING in memory\r\n';
    const cut = this.#chance(this.faults.migrateCut);
    let moved = 0;
    let busy = false;
    for (const key of words.slice(at + 1)) {
      const slot = Number(key.split(':')[1]);
      const value = node.keysIn(slot).get(key);
      if (value === undefined) continue;
      moved++;
      if (!target.importing.has(slot) && target.table.get(slot) !== target.id) {
        return `-ERR Target instance replied with error: MOVED ${slot} 127.0.0.1:1\r\n`;
      }
      if (target.keysIn(slot).has(key) && !replace) {
        busy = true;
        continue;
      }
      target.keysIn(slot).set(key, value);
      // Cut off: the target has it, but its answer does not arrive, so the source keeps it as well.
      if (cut && this.random.below(2) === 0) return '-IOERR error or timeout reading to target instance\r\n';
      node.keysIn(slot).delete(key);
    }
    if (busy) return '-ERR Target instance replied with error: BUSYKEY Target key name already exists.\r\n';
    return moved === 0 ? '+NOKEY\r\n' : '+OK\r\n';
  }

  #read(node: FakeNode, key: string, asking: boolean, reply: (value: string) => string): string {
    const slot = Number(key.split(':')[1]);
    const value = node.keysIn(slot).get(key);
    const owns = node.table.get(slot) === node.id;
    if (!owns && !(asking && node.importing.has(slot))) return `-MOVED ${slot} 127.0.0.1:1\r\n`;
    if (value !== undefined) return reply(value);
    return owns && node.migrating.has(slot) ? `-ASK ${slot} 127.0.0.1:1\r\n` : '$-1\r\n';
  }
}

function countOf(node: FakeNode): number {
  return [...node.keys.values()].reduce((sum, keys) => sum + keys.size, 0);
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function array(items: readonly string[]): string {
  return `*${items.length}\r\n${items.map(bulk).join('')}`;
}
