/**
 * Owns the step that imports the keys of a server outside the cluster: SCAN lists them, MIGRATE takes them to the masters
 * of their slots. Carried out again it finishes: what was moved is not listed any more, what was copied is found equal.
 */
import { TribError } from '../../../core/errors.ts';
import { escapeBytes } from '../../../core/escape.ts';
import type { ImportKeys } from '../../../plan/steps/import-keys.ts';
import { keySlot } from '../../../protocol/slots/key-slot.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import { Interrupted, type StepContext } from '../../context.ts';
import { keyLines } from '../../keys-differ.ts';
import { SizeGuard } from '../../migrate/large-keys.ts';
import { SlotOwners } from '../../slot-owners.ts';
import { KeyQueue } from './key-queue.ts';
import { type KeysMigrated, Migrator } from './migrator.ts';
import { inspectSource, poolOfSource } from './source.ts';

/**
 * Clients of the source wait for every MIGRATE that stands in line there, whatever its target: so few, as many as keep
 * it at work while replies are on their way.
 */
const migratesAtOnce = 2;
const scanCount = 1000;

/** Throws a TribError: "unsafe" at the end when keys could not be taken; Interrupted. */
export async function importKeys(step: ImportKeys, context: StepContext): Promise<'done' | 'already'> {
  const sources = poolOfSource(context.pool, context.sourceCredentials);
  try {
    const { keys } = await inspectSource(sources, step.source);
    if (keys === 0) return 'already';
    const owners = new SlotOwners(
      context.pool,
      context.clock,
      step.masters.map(({ address }) => address),
    );
    await owners.refresh();
    const judge = step.masters[0]?.address;
    const guard = await SizeGuard.of(
      { source: sources.at(step.source), stream: sources.at(step.source, 'sizes') },
      context.moveOptions,
      judge === undefined ? undefined : context.pool.at(judge),
    );
    const migrator = new Migrator(owners, guard, step.copy, context);
    const queue = new KeyQueue();
    const progress = (): void =>
      context.emit({
        type: 'progress',
        of: 'import',
        unit: 'keys',
        done: Math.min(keys, migrator.result.written + migrator.result.already),
        total: keys,
      });
    const send = async (_: unknown, index: number): Promise<void> => {
      const client = sources.at(step.source, `migrate ${index}`);
      for (;;) {
        const batch = await queue.take(() => migrator.batchKeys);
        if (batch === undefined) return;
        await migrator.send(client, batch);
        progress();
      }
    };
    const list = async (): Promise<void> => {
      const client = sources.at(step.source, 'scan');
      let cursor = '0';
      do {
        const reply = await client.demand(['SCAN', cursor, 'COUNT', scanCount], { repeatable: true });
        const [next, found] = Array.isArray(reply) ? reply : [];
        cursor = String(next ?? '0');
        for (const key of Array.isArray(found) ? found : []) {
          if (!Buffer.isBuffer(key)) continue;
          const slot = keySlot(key.latin1Slice());
          const target = owners.of(slot);
          if (target === undefined) throw new TribError('unsafe', `Slot ${slot} has no master.`);
          queue.add(target, key);
        }
        queue.added();
        await queue.room();
      } while (cursor !== '0' && context.signal?.aborted !== true);
      queue.end();
    };
    await allOrFirstError([list(), ...Array.from({ length: migratesAtOnce }, send)], () => queue.end());
    settle(migrator.result, context);
    if (context.signal?.aborted === true) throw new Interrupted();
    refuseLeftovers(migrator.result, step);
    return migrator.result.written + migrator.result.already > 0 ? 'done' : 'already';
  } finally {
    sources.close();
  }
}

/** Waits for all; the first error ends the others at their next step, and is thrown when they have ended. */
async function allOrFirstError(tasks: readonly Promise<void>[], end: () => void): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    tasks.map((task) =>
      task.catch((error: unknown) => {
        failures.push(error);
        end();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

function settle({ written, already, differing }: KeysMigrated, context: StepContext): void {
  const names = differing.map((key) => escapeBytes(key));
  context.emit({ type: 'keys-settled', written, already, expired: 0, differing: names });
}

function refuseLeftovers({ differing, staying }: KeysMigrated, { source }: ImportKeys): void {
  if (differing.length === 0 && staying.length === 0) return;
  const tooLarge = staying.filter(({ why }) => why === 'too large').map(({ key }) => key);
  const skipped = staying.filter(({ why }) => why === 'skipped').map(({ key }) => key);
  const lines: string[] = [];
  if (differing.length > 0) {
    lines.push(
      `*** ${differing.length} key(s) are in the cluster with another value or time to live, and were not imported:`,
      ...keyLines(differing.map(escapeBytes)),
    );
  }
  if (tooLarge.length > 0) {
    lines.push(
      `*** ${tooLarge.length} key(s) are so large that taking them in would block a master until it is taken for failed:`,
      ...keyLines(tooLarge.map(escapeBytes)),
    );
  }
  if (skipped.length > 0) {
    lines.push(
      `*** ${skipped.length} key(s) are too big for the allowed pause, and were left out:`,
      ...keyLines(skipped.map(escapeBytes)),
    );
  }
  const hints = [
    `All others were imported; these are on ${formatAddress(source)} as they were.`,
    ...(differing.length > 0
      ? ['Delete the wrong copies, or import again with --replace: the values of the source win.']
      : []),
    ...(tooLarge.length > 0
      ? ['For large keys raise the node timeout of every node for a while (trib set-timeout).']
      : []),
  ];
  if (skipped.length > 0) hints.push('With --big-keys alone they are sent, each by itself.');
  throw new TribError('unsafe', lines.join('\n'), { hint: hints.join('\n') });
}
