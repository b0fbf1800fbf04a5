// Bundles test/stress/NAME.ts into a temporary folder of dist/ and runs it: Node 20 runs no TypeScript by itself.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const [name, ...args] = process.argv.slice(2);
// As deep as test/helpers/, from where the helpers look for bin/.
const outfile = `${root}dist.stress-${process.pid}/stress/${name}.js`;
await build({
  entryPoints: [`${root}test/stress/${name}.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const child = spawn(process.execPath, [outfile, ...args], { cwd: root, stdio: 'inherit' });
child.once('exit', (code) => {
  rmSync(`${root}dist.stress-${process.pid}`, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
