/** `npm run test:failovers [ROUNDS [SEED]]`: source and target by turns are killed in the middle of a move. */
import { moveThroughFailover } from '../helpers/failover-scene.ts';

const rounds = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const totals = { done: 0, stopped: 0, acknowledged: 0, lost: 0, problems: 0 };
for (let round = 0; round < rounds; round++) {
  const victim = round % 2 === 0 ? 'source' : 'target';
  const found = await moveThroughFailover(victim, seed + round);
  if (found.outcome === 'done') totals.done++;
  else totals.stopped++;
  totals.acknowledged += found.acknowledged;
  totals.lost += found.lost.length;
  totals.problems += found.errors.length;
  const { outcome, acknowledged, lost, errors, tookMs } = found;
  console.info(
    `${victim} seed ${seed + round}: ${outcome}, ${acknowledged} acknowledged, ${lost.length} lost, ${Math.round(tookMs)} ms`,
    ...errors,
    ...lost,
  );
}
console.info(JSON.stringify(totals));
process.exitCode = totals.lost === 0 ? 0 : 1;
