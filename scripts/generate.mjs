// Writes what is generated from the commands: oclif.manifest.json and docs/commands.md; and docs/node-commands.md from
// the tables of the node. With --check nothing is written, and the exit code is 1 when one of them is stale. Reads the built
// commands: build first.
import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { nodeReference } from './node-reference.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

async function loadManifest() {
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  return plugin.manifest;
}

/** Keys in alphabetical order, all the way down, so that the same commands give the same bytes. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

const bin = (text) => text.replaceAll('<%= config.bin %>', 'trib');

function flagRow({ name, char, summary, helpValue, default: fallback, env }) {
  const names = [char && `-${char}`, `--${name}${helpValue ? ` ${helpValue}` : ''}`]
    .filter(Boolean)
    .join(', ');
  const notes = [
    fallback !== undefined && fallback !== false && `Default: ${fallback}.`,
    env && `Environment: \`${env}\`.`,
  ];
  return `| \`${names}\` | ${[summary, ...notes.filter(Boolean)].join(' ').replaceAll('|', '\\|')} |`;
}

/** Of the flags that every command has. */
const commonGroups = ['GLOBAL', 'TLS'];

function flagTable(flags) {
  return ['| flag | |', '|---|---|', ...flags.map(flagRow)].join('\n');
}

function commandSection({ id, summary, description, usage, examples, flags }) {
  const own = Object.values(flags).filter(({ helpGroup }) => !commonGroups.includes(helpGroup));
  return [
    `## trib ${id}`,
    summary,
    `    trib ${usage ?? id}`,
    description,
    own.length > 0 ? flagTable(own) : undefined,
    (examples ?? []).map((example) => `    ${bin(example)}`).join('\n') || undefined,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function commandsPage({ commands }) {
  const shown = Object.values(commands)
    .filter(({ hidden }) => !hidden)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const common = Object.values(shown.find(({ flags }) => flags.json)?.flags ?? {});
  return `${[
    '# Commands',
    '<!-- Written by scripts/generate.mjs from the commands themselves. -->',
    'A node is named by its address, `host:port`, or, where a cluster is known, by its id or the beginning of one.',
    [
      '| command | |',
      '|---|---|',
      ...shown.map(({ id, summary }) => `| [\`${id}\`](#trib-${id}) | ${summary} |`),
    ].join('\n'),
    ...shown.map(commandSection),
    '## Flags of every command',
    flagTable(common.filter(({ helpGroup }) => commonGroups.includes(helpGroup))),
    '## Exit codes',
    [
      '| code | |',
      '|---|---|',
      '| 0 | done, and nothing is wrong |',
      '| 1 | problems were found, or it failed |',
      '| 2 | the command line is wrong, or something is missing where nobody can be asked |',
      '| 3 | no node could be reached |',
      '| 4 | refused by authentication or TLS |',
      '| 5 | refused as unsafe, or because a plan does not fit the cluster any more |',
      '| 6 | timed out waiting for the cluster |',
      '| 130, 143 | ended by SIGINT (Ctrl-C), SIGTERM |',
    ].join('\n'),
  ].join('\n\n')}\n`;
}

const manifest = await loadManifest();
const files = {
  'oclif.manifest.json': `${JSON.stringify(sorted(manifest), undefined, 2)}\n`,
  'docs/commands.md': commandsPage(manifest),
  'docs/node-commands.md': await nodeReference(root),
};
const check = process.argv.includes('--check');
for (const [name, text] of Object.entries(files)) {
  const path = `${root}${name}`;
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before === text) continue;
  if (check) {
    console.error(`${relative(root, path)} is stale: run "npm run build && npm run generate".`);
    process.exitCode = 1;
  } else await writeFile(path, text);
}
