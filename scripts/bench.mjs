// Bundles bench/main.ts into a temporary folder and runs it: Node 20 runs no TypeScript by itself.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const outfile = `${root}dist/bench/main.js`;
await build({
  entryPoints: [`${root}bench/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const child = spawn(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
child.once('exit', (code) => {
  rmSync(`${root}dist/bench`, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
