// Runs the benchmark: node scripts/bench.mjs [GROUP...]
import { runBundled } from './run-bundled.mjs';

await runBundled('bench/main.ts', process.argv.slice(2));
