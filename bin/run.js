#!/usr/bin/env node
// The entry of `trib`. What can be answered without loading the command line's machinery is answered here.
import { readFileSync } from 'node:fs';
import module from 'node:module';

const root = new URL('../', import.meta.url);
const [first] = process.argv.slice(2);

if (first === '--version' || first === '-v') {
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else {
  // From Node 22 on: what was compiled once is kept for the next run.
  module.enableCompileCache?.();
  const { main } = await import('../dist/cli/main.js');
  await main(import.meta.url);
}
