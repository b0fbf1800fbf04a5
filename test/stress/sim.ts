/**
 * `npm run test:sim [RUNS [SEED]]`: RUNS simulated clusters from SEED on (a random one, unless given), each through failures of
 * its own. A seed that fails is printed with the command that runs it again.
 */
import { type ChaosReport, runChaos } from '../sim/bus/chaos.ts';

const runs = Number(process.argv[2] ?? 3000);
const firstSeed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
const totals = { runs: 0, failed: 0, nodes: 0, crashes: 0, promotions: 0, manual: 0, votes: 0 };
let longestHealingMs = 0;
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  totals.runs++;
  let report: ChaosReport;
  try {
    report = runChaos(seed);
  } catch (error) {
    totals.failed++;
    console.error(error instanceof Error ? error.message : error);
    console.error(`again: npm run test:sim 1 ${seed}`);
    continue;
  }
  totals.nodes += report.nodes;
  totals.crashes += report.crashes;
  totals.promotions += report.promotions;
  totals.manual += report.manual;
  totals.votes += report.votes;
  longestHealingMs = Math.max(longestHealingMs, report.healedInMs);
  if (totals.runs % 100 === 0) console.info(JSON.stringify({ ...totals, longestHealingMs }));
}
console.info(JSON.stringify({ firstSeed, ...totals, longestHealingMs }));
process.exitCode = totals.failed === 0 ? 0 : 1;
