/**
 * Owns the operation that saves a cluster into a folder: an RDB file a shard, all at once, the picture of the nodes, and
 * a manifest. It changes nothing in the cluster. Slots that move meanwhile could take keys past both files, so a
 * backup is made of a cluster at rest, and looked at again at its end. Usable without any command line.
 */
import type { ClientPool } from '../../client/pool.ts';
import { readSnapshot } from '../../client/snapshot.ts';
import { type Finding, findProblems } from '../../cluster/health.ts';
import { nameOfNode, slotOwners, type Topology } from '../../cluster/topology.ts';
import type { Clock } from '../../core/clock.ts';
import { TribError } from '../../core/errors.ts';
import {
  type BackupFile,
  type BackupManifest,
  fileNameOf,
  MANIFEST_FILE,
  NODES_FILE,
  serialiseManifest,
  serialiseNodes,
  slotsText,
} from '../../plan/backup-manifest.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { formatRanges, rangesOf, SlotSet } from '../../protocol/slots/slot-set.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import { BackupFolder } from '../backup/folder.ts';
import { chooseSources, type ShardSource } from '../backup/sources.ts';
import { channel } from '../channel.ts';
import type { Finished, TribEvent } from '../events.ts';
import { surveySettled } from '../settle.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface BackupOptions extends OperationOptions {
  readonly seeds: readonly Address[];
  /** A folder that is not there yet, or empty. */
  readonly dir: string;
  /** Save what there is, although slots are not covered, or on their way. */
  readonly partial?: boolean;
}

/** A node that loads or forks may be silent for long; one that is gone closes its connection. */
const silenceMs = 120_000;
const progressEveryMs = 100;

/**
 * Ends with a "finished" event. Throws a TribError: "unsafe" when the cluster cannot be saved as a whole, "usage" for a folder
 * that is in use, "failed" when a shard or the disk fails; then nothing is left in the folder.
 */
export function backup(options: BackupOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const createdAt = new Date(clock.nowMs()).toISOString();
    const topology = yield* surveySettled({ pool, clock }, options.seeds);
    const findings = findProblems(topology);
    yield { type: 'checked', topology, findings };
    const { shards, missing } = await chooseSources(topology, pool, clock);
    const reasons = [...missing.map(({ reason }) => `${reason}.`), ...whyNotWhole(findings)];
    if (reasons.length > 0 && options.partial !== true) throw notWhole(reasons);
    const finished = (outcome: Finished['outcome'], files: readonly BackupFile[]): Finished => ({
      type: 'finished',
      operation: 'backup',
      outcome,
      ok: outcome === 'done',
      slots: coveredBy(shards).size,
      keys: files.reduce((sum, { keys }) => sum + keys, 0),
      tookMs: Math.round(clock.monotonicMs() - startMs),
    });
    const folder = await BackupFolder.prepare(options.dir);
    try {
      const files = yield* channel<TribEvent, BackupFile[]>((emit) =>
        saveShards(shards, folder, { pool, clock, emit, signal: options.signal }),
      );
      if (options.partial !== true)
        refuseMoved(topology, yield* surveySettled({ pool, clock }, [topology.seed, ...options.seeds]));
      const manifest: BackupManifest = {
        createdAt,
        currentEpoch: Math.max(0, ...topology.nodes.map(({ view }) => view?.currentEpoch ?? 0)),
        missingSlots: missingSlots(shards),
        files,
      };
      const errors = findings.filter(({ severity }) => severity === 'error').length;
      await folder.saveText(NODES_FILE, serialiseNodes(topology, errors));
      await folder.saveText(MANIFEST_FILE, serialiseManifest(manifest));
      await folder.complete();
      yield { type: 'backup-made', dir: folder.dir, manifest };
      yield finished('done', files);
    } catch (error) {
      await folder.abandon();
      if (options.signal?.aborted !== true) throw error;
      yield finished('interrupted', []);
    }
  });
}

/** What keeps the files of all masters from being the whole data set. */
function whyNotWhole(findings: readonly Finding[]): string[] {
  const kinds: readonly Finding['kind'][] = [
    'uncovered-slots',
    'open-slots',
    'multiple-owners',
    'disagreement',
  ];
  return [...new Set(findings.filter(({ kind }) => kinds.includes(kind)).map(({ message }) => message))];
}

function notWhole(reasons: readonly string[]): TribError {
  return new TribError('unsafe', `The cluster cannot be saved as a whole:\n  ${reasons.join('\n  ')}`, {
    hint: 'Repair it first (trib fix), or save what there is with --partial.',
  });
}

interface Saving {
  readonly pool: ClientPool;
  readonly clock: Clock;
  readonly emit: (event: TribEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** Every shard at once. The first that fails ends the others; throws its error when all have ended. */
async function saveShards(
  shards: readonly ShardSource[],
  folder: BackupFolder,
  saving: Saving,
): Promise<BackupFile[]> {
  const failure = new AbortController();
  const onAbort = (): void => failure.abort();
  saving.signal?.addEventListener('abort', onAbort);
  if (saving.signal?.aborted === true) failure.abort();
  let first: unknown;
  const results = await Promise.all(
    shards.map((shard) =>
      saveShard(shard, folder, { ...saving, signal: failure.signal }).catch((error: unknown) => {
        first ??= error;
        failure.abort();
        return undefined;
      }),
    ),
  );
  saving.signal?.removeEventListener('abort', onAbort);
  if (first !== undefined) throw first;
  return results.flatMap((file) => file ?? []);
}

async function saveShard(
  { master, from }: ShardSource,
  folder: BackupFolder,
  { pool, clock, emit, signal }: Saving,
): Promise<BackupFile> {
  const file = fileNameOf(master);
  emit({ type: 'file-started', file, node: from.address, master: master.address });
  const startMs = clock.monotonicMs();
  const options = { clock, silenceMs, ...(signal === undefined ? {} : { signal }) };
  const snapshot = await readSnapshot(pool.at(from.address, 'snapshot'), options);
  try {
    let toldMs = 0;
    const saved = await folder.save(file, snapshot.pieces, (bytes) => {
      const nowMs = clock.monotonicMs();
      if (nowMs - toldMs < progressEveryMs) return;
      toldMs = nowMs;
      emit({ type: 'progress', of: file, unit: 'bytes', done: bytes, total: snapshot.sizeBytes ?? null });
    });
    emit({ type: 'file-saved', file, ...saved, tookMs: Math.round(clock.monotonicMs() - startMs) });
    return {
      file,
      ...saved,
      keys: from.view?.keyCount ?? 0,
      slots: slotsText(master),
      configEpoch: master.configEpoch,
      master: { id: master.id, address: nameOfNode(master) },
      savedFrom: { id: from.id, address: nameOfNode(from) },
    };
  } finally {
    snapshot.close();
  }
}

/** A key of a slot that moved meanwhile may have been on neither side when that was saved. */
function refuseMoved(before: Topology, after: Topology): void {
  const reasons = whyNotWhole(findProblems(after));
  if (reasons.length === 0 && ownership(after) === ownership(before)) return;
  throw new TribError(
    'unsafe',
    'Slots changed hands while the backup was made: it may miss keys, and was not kept.',
    {
      hint: 'Back up again when no slots are moved, and no failover is under way.',
    },
  );
}

function ownership(topology: Topology): string {
  return slotOwners(topology)
    .map((owner) => owner?.id ?? '')
    .join();
}

function coveredBy(shards: readonly ShardSource[]): SlotSet {
  return SlotSet.fromRanges(shards.flatMap(({ master }) => master.slots));
}

function missingSlots(shards: readonly ShardSource[]): string {
  const covered = coveredBy(shards);
  const missing = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).filter((slot) => !covered.has(slot));
  return formatRanges(rangesOf(missing), ',');
}
