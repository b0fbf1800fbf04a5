// Bundles a program of TypeScript into a temporary folder beside dist/ and runs it: Node 20 runs no TypeScript by itself.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;

/** `file`: from the root of the project. The exit code of this process is that of the program. */
export async function runBundled(file, args) {
  const folder = `${root}dist.run-${process.pid}`;
  // As deep as test/helpers/, from where the helpers look for bin/.
  const outfile = `${folder}/bundled/${basename(file, '.ts')}.js`;
  await build({
    entryPoints: [root + file],
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
    rmSync(folder, { recursive: true, force: true });
    process.exitCode = code ?? 1;
  });
}
