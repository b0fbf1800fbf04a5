// Runs test/stress/NAME.ts: node scripts/stress.mjs NAME [ARGUMENT...]
import { runBundled } from './run-bundled.mjs';

const [name, ...args] = process.argv.slice(2);
await runBundled(`test/stress/${name}.ts`, args);
