/**
 * Owns the asking of nodes: every node at once, each what it sees and how it is, and the making of one topology
 * out of the answers. Reads only; changes nothing on any node.
 */
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from '../client/command.ts';
import type { ClientPool } from '../client/pool.ts';
import { knownAddresses, mergeViews } from '../cluster/merge.ts';
import type { NodeView, Silence, Topology } from '../cluster/topology.ts';
import { messageOf, TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { infoKeyCount, infoNumber, parseInfo } from '../protocol/text/info.ts';
import { parseNodes } from '../protocol/text/nodes.ts';
import { ownLineOf } from './cluster-nodes.ts';
import { settingsOf, settingsQuestions } from './settings.ts';

export interface SurveyOptions {
  /** Nodes are also asked for the settings that should be the same on all. */
  readonly settings?: boolean;
  /** How long a node may take to answer; the pool's time for any reply by default. */
  readonly timeoutMs?: number;
}

const questions: readonly Command[] = [
  ['CLUSTER', 'NODES'],
  ['CLUSTER', 'INFO'],
  ['INFO', 'replication'],
  ['INFO', 'keyspace'],
  ['INFO', 'server'],
];

/** A node that hangs is one that does not answer: it must not keep the others waiting. */
const surveyTimeoutMs = 5000;

/**
 * The cluster that the first of the seeds that answers belongs to. Nodes that do not answer are in it with the
 * reason. Throws a TribError when no seed answers, or the one that does is no cluster node.
 */
export async function survey(
  pool: ClientPool,
  seeds: readonly Address[],
  options: SurveyOptions = {},
): Promise<Topology> {
  const bounded = { timeoutMs: surveyTimeoutMs, ...options };
  const first = await askFirst(pool, seeds, bounded);
  const seed = first.address;
  const views: NodeView[] = [first];
  const silences: Silence[] = [];
  const asked = new Set<string>(views.map(({ id }) => id));
  for (;;) {
    // Nodes that only others know of are found in a further round.
    const next = [...knownAddresses(views)].filter(([id]) => !asked.has(id));
    if (next.length === 0) {
      if (silences.length > 0) views.push(...(await askBySeeds(pool, seeds, views, bounded)));
      return mergeViews(seed, views, silences);
    }
    for (const [id] of next) asked.add(id);
    const answers = await askAll(
      pool,
      next.map(([, address]) => address),
      bounded,
    );
    for (const [index, answer] of answers.entries()) {
      if ('reason' in answer) silences.push(answer);
      else if (answer.id === next[index]?.[0]) views.push(answer);
      else silences.push({ address: answer.address, reason: 'another node answers at its address' });
    }
  }
}

/** The cluster as the first of the seeds that answers sees it: no other node is asked. Throws as `survey` does. */
export async function surveySeed(pool: ClientPool, seeds: readonly Address[]): Promise<Topology> {
  const first = await askFirst(pool, seeds, { timeoutMs: surveyTimeoutMs });
  return mergeViews(first.address, [first]);
}

/**
 * Nodes that are not reached at the address that they announce, behind a NAT for instance, may be reached where the
 * operator says: what the other seeds answer, as far as it is new.
 */
async function askBySeeds(
  pool: ClientPool,
  seeds: readonly Address[],
  views: readonly NodeView[],
  options: SurveyOptions,
): Promise<NodeView[]> {
  const asked = new Set(views.map(({ address }) => formatAddress(address)));
  const others = seeds.flatMap(({ host, port }) =>
    asked.has(formatAddress({ host, port })) ? [] : [{ host, port }],
  );
  const known = new Set(views.flatMap(({ lines }) => lines.map(({ id }) => id)));
  for (const { id } of views) known.delete(id);
  const answers = await askAll(pool, others, options);
  return answers.flatMap((answer) => ('id' in answer && known.delete(answer.id) ? [answer] : []));
}

async function askFirst(
  pool: ClientPool,
  seeds: readonly Address[],
  options: SurveyOptions,
): Promise<NodeView> {
  const failures: string[] = [];
  for (const [index, { host, port }] of seeds.entries()) {
    try {
      // Never the seed itself: as it was typed, it may hold a password.
      return await askNode(pool, { host, port }, options);
    } catch (error) {
      // One seed alone says best itself what is wrong; so does one that answers, but not as it should.
      const passes =
        error instanceof ConnectionLost || (error instanceof TribError && error.code === 'timeout');
      if (!passes || (seeds.length === 1 && index === 0)) throw error;
      failures.push(error.message);
    }
  }
  throw new TribError('connect', `No node answers. ${failures.join(' ')}`, {
    hint: 'Are the nodes running, and are the ports the ones for clients?',
  });
}

/** The nodes at these addresses, each alone, whether they know each other or not. Throws when one does not answer. */
export async function surveyEach(pool: ClientPool, addresses: readonly Address[]): Promise<Topology> {
  const [seed] = addresses;
  if (seed === undefined) throw new TribError('usage', 'No node was named.');
  return mergeViews(seed, await Promise.all(addresses.map((address) => askNode(pool, address))));
}

/** An answer of each, in order. */
async function askAll(
  pool: ClientPool,
  addresses: readonly Address[],
  options: SurveyOptions,
): Promise<(NodeView | Silence)[]> {
  return Promise.all(
    addresses.map((address) =>
      askNode(pool, address, options).catch((error: unknown) => {
        if (error instanceof TribError && error.code === 'auth') throw error;
        return { address, reason: messageOf(error) };
      }),
    ),
  );
}

/**
 * The views of all, in order, for those who wait; or why one cannot be asked right now: it loads its data, or its
 * connection broke. Throws a TribError for what does not pass by itself.
 */
export async function askPatiently(
  pool: ClientPool,
  addresses: readonly Address[],
): Promise<readonly NodeView[] | string> {
  try {
    return await Promise.all(addresses.map((address) => askNode(pool, address)));
  } catch (error) {
    const passes = error instanceof ConnectionLost || /\b(LOADING|MASTERDOWN|BUSY)\b/.test(messageOf(error));
    if (!passes) throw error;
    return messageOf(error).replace(/\.$/, '');
  }
}

/** What one node sees and how it is. Throws a TribError. */
export async function askNode(
  pool: ClientPool,
  address: Address,
  { settings = false, timeoutMs }: SurveyOptions = {},
): Promise<NodeView> {
  const asked = settings ? [...questions, ...settingsQuestions] : questions;
  const bound = timeoutMs === undefined ? {} : { timeoutMs };
  const answers = await pool.at(address).pipeline(asked, { repeatable: true, ...bound });
  const replies = answers.slice(0, questions.length);
  const [nodes = '', cluster = '', replication = '', keyspace = '', server = ''] = replies.map(
    (reply, index) => textOf(address, questions[index] as Command, reply),
  );
  const lines = parseNodes(nodes);
  const own = ownLineOf(lines);
  if (own === undefined) {
    throw new TribError('failed', `${formatAddress(address)} does not name itself in CLUSTER NODES.`);
  }
  const clusterInfo = parseInfo(cluster);
  const replicationInfo = parseInfo(replication);
  const serverInfo = parseInfo(server);
  const linkStatus = replicationInfo.get('master_link_status');
  return {
    id: own.id,
    address,
    lines,
    state: clusterInfo.get('cluster_state') === 'ok' ? 'ok' : 'fail',
    currentEpoch: infoNumber(clusterInfo, 'cluster_current_epoch') ?? 0,
    keyCount: infoKeyCount(parseInfo(keyspace)),
    masterLinkUp: linkStatus === undefined ? undefined : linkStatus === 'up',
    replication: {
      offset: infoNumber(
        replicationInfo,
        linkStatus === undefined ? 'master_repl_offset' : 'slave_repl_offset',
      ),
      syncing: replicationInfo.get('master_sync_in_progress') === '1',
      silentSeconds: infoNumber(replicationInfo, 'master_last_io_seconds_ago'),
    },
    version: serverInfo.get('valkey_version') ?? serverInfo.get('redis_version') ?? '',
    zone: serverInfo.get('availability_zone') ?? '',
    settings: settings ? settingsOf(answers.slice(questions.length)) : undefined,
  };
}

function textOf(address: Address, command: Command, reply: Reply): string {
  if (reply instanceof ReplyError) {
    if (reply.message.includes('cluster support disabled')) {
      throw new TribError(
        'failed',
        `[ERR] Node ${formatAddress(address)} is not configured as a cluster node.`,
        {
          hint: 'Start it with --cluster-enabled yes.',
        },
      );
    }
    throw refusal(address, command, reply);
  }
  return Buffer.isBuffer(reply) ? reply.toString() : '';
}
