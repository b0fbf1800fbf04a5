/**
 * `npm run test:failovers -- [ROUNDS [SEED [ENGINE]]]`: source and target by turns are killed in the middle of a move. Each
 * engine has its turns, unless one is named.
 */
import { type Engine, engines } from '../../src/local/engine.ts';
import { moveThroughFailover } from '../helpers/failover-scene.ts';

const rounds = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const named = process.argv[4];
if (named !== undefined && !engines.some((engine) => engine === named)) {
  throw new Error(`no such engine: ${named}; there are ${engines.join(', ')}`);
}
const chosen: readonly Engine[] = engines.filter((engine) => named === undefined || engine === named);
const totals = { done: 0, stopped: 0, acknowledged: 0, lost: 0, problems: 0 };
for (let round = 0; round < rounds; round++) {
  const victim = round % 2 === 0 ? 'source' : 'target';
  const engine = chosen[(round >> 1) % chosen.length] ?? 'bundled';
  const found = await moveThroughFailover(victim, seed + round, engine);
  if (found.outcome === 'done') totals.done++;
  else totals.stopped++;
  totals.acknowledged += found.acknowledged;
  totals.lost += found.lost.length;
  totals.problems += found.errors.length;
  const { outcome, acknowledged, lost, errors, tookMs } = found;
  console.info(
    `${engine} ${victim} seed ${seed + round}: ${outcome}, ${acknowledged} acknowledged, ${lost.length} lost, ${Math.round(tookMs)} ms`,
    ...errors,
    ...lost,
  );
}
console.info(JSON.stringify(totals));
process.exitCode = totals.lost === 0 ? 0 : 1;
