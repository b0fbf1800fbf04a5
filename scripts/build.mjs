// Builds dist/: one ESM entry a command group, shared code in chunks, and the declarations of the public API. It is
// made beside and put in place as a whole, so that what runs meanwhile never meets half a build.
import { execFile } from 'node:child_process';
import { readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const outdir = `dist.${process.pid}`;

// oclif is hundreds of small files, of which a command needs a part: put into the bundle, it loads in half the time.
// What only a terminal needs stays outside, and is loaded when there is one.
const bundled = ['@oclif/core', 'redis-parser'];
const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  external: Object.keys(dependencies).filter((name) => !bundled.includes(name)),
  // oclif is CommonJS, and asks for these.
  banner: {
    js: [
      "import { createRequire as createRequireOf } from 'node:module';",
      'const require = createRequireOf(import.meta.url);',
      'const { filename: __filename, dirname: __dirname } = import.meta;',
    ].join('\n'),
  },
  logLevel: 'warning',
};
await build({
  ...common,
  entryPoints: {
    index: 'src/index.ts',
    'cli/main': 'src/cli/main.ts',
    'cli/help': 'src/cli/help.ts',
    'commands/index': 'src/commands/index.ts',
    'node/main': 'src/node/main.ts',
  },
  outdir,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});

const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace(/package\.json$/, 'bin/tsc');
await promisify(execFile)(process.execPath, [
  tsc,
  '-p',
  'tsconfig.build.json',
  '--outDir',
  `${outdir}/types`,
]).catch((error) => {
  process.stderr.write(error.stdout ?? String(error));
  process.exitCode = 1;
});
await rm('dist', { recursive: true, force: true });
await rename(outdir, 'dist');
