// Writes the reference of the node, docs/node-commands.md, from its own tables: commands, their arguments, directives; and from
// node-differences.json, which says what the node leaves out or does otherwise.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';

/** The tables of the node as its sources have them. */
async function loadTables(root) {
  const folder = `${root}dist.${process.pid}`;
  await mkdir(folder);
  try {
    const outfile = `${folder}/tables.mjs`;
    await build({
      stdin: {
        contents: [
          "export { categoriesOf } from './src/node/command/categories.ts';",
          "export { argumentsOf } from './src/node/command/docs.ts';",
          "export { deprecations } from './src/node/command/retired.ts';",
          "export { usageOf } from './src/node/command/syntax.ts';",
          "export { createCommandTable } from './src/node/command/table.ts';",
          "export { allRows } from './src/node/commands/rows.ts';",
          "export { directiveTable } from './src/node/config/directives.ts';",
        ].join('\n'),
        resolveDir: root,
      },
      bundle: true,
      packages: 'external',
      platform: 'node',
      target: 'node20',
      format: 'esm',
      outfile,
    });
    return await import(outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Text within a cell of a table. */
const cell = (text) => text.replaceAll('|', '\\|');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Where keys are: places in the request, in which the command's name is word 0. */
function keyText({ begin, find, flags }) {
  const first =
    begin.type === 'index'
      ? `${begin.index}`
      : begin.type === 'keyword'
        ? `behind ${begin.keyword}`
        : 'as its own rules say';
  const step = find.step > 1 ? (find.step === 2 ? ', every second' : `, one in ${find.step}`) : '';
  const more =
    find.type === 'keynum'
      ? ' says how many, behind it'
      : find.type !== 'range' || find.lastKey === 0
        ? ''
        : find.limit > 1
          ? ` on, the first of ${find.limit} parts${step}`
          : ` to ${find.lastKey === -1 ? 'the end' : find.lastKey}${step}`;
  return `${first}${more} (${flags.join(' ')})`;
}

function commandRow(command, { categoriesOf, argumentsOf, usageOf, deprecations }) {
  const words = command.fullName.toUpperCase().replace('|', ' ');
  const deprecation = deprecations[command.fullName];
  const usage = `${words} ${command.subcommands ? 'subcommand ...' : usageOf(argumentsOf(command.fullName))}`;
  return [
    `\`${cell(usage.trim())}\`<br>${cell(command.summary)}${deprecation ? `. Deprecated since ${deprecation.since}: ${deprecation.insteadOf}` : ''}`,
    String(command.arity),
    command.flags.join(' '),
    categoriesOf(command)
      .map((category) => `@${category}`)
      .join(' '),
    command.keySpecs.map(keyText).join('; '),
    command.since,
  ];
}

const groupNames = { 'sorted-set': 'sorted sets', pubsub: 'pub/sub', scripting: 'scripts and functions' };

function commandTables(tables) {
  const groups = new Map();
  for (const command of tables.createCommandTable(tables.allRows).rows)
    groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  const head = ['command', 'arity', 'flags', 'categories', 'keys', 'since'];
  return [...groups.keys()].sort().map((group) => {
    const commands = groups.get(group).sort((a, b) => (a.name < b.name ? -1 : 1));
    const every = commands.flatMap((command) => [command, ...(command.subcommands ?? [])]);
    return `## Commands: ${groupNames[group] ?? group}\n\n${table(
      head,
      every.map((command) => commandRow(command, tables)),
    )}`;
  });
}

function directiveTables({ directiveTable }) {
  const directives = directiveTable().filter(({ hidden }) => !hidden);
  const changeable = ({ immutable, protected: guarded }) =>
    immutable ? 'at the start' : guarded ? 'with enable-protected-configs' : 'at any time';
  const row = (directive) => [
    `\`${directive.name}\`${directive.alias ? `, \`${directive.alias}\`` : ''}`,
    // The default is the folder in which the node was started.
    directive.name === 'dir' ? 'where it is started' : cell(directive.kind.defaultText) || '""',
    changeable(directive),
  ];
  const head = ['directive', 'default', 'set'];
  return [
    '## Directives of redis.conf',
    'These have an effect:',
    table(head, directives.filter(({ noEffect }) => !noEffect).map(row)),
    'These are about the insides of a program in C, or of its process: they are accepted, shown and kept, and change nothing. A start with another value than the default tells so in the log.',
    table(head, directives.filter(({ noEffect }) => noEffect).map(row)),
  ];
}

/** The page as text. `root` is the folder of the project, with a slash at its end. */
export async function nodeReference(root) {
  const tables = await loadTables(root);
  const { leftOut, otherwise } = JSON.parse(await readFile(`${root}scripts/node-differences.json`, 'utf8'));
  const missing = Object.entries(leftOut);
  return `${[
    '# The commands of the node',
    '<!-- Written by scripts/generate.mjs from the tables of the node and scripts/node-differences.json. -->',
    "`trib-node` answers the commands of redis-server 7.0 with the same replies, errors and side effects. The columns are those of COMMAND INFO; a negative arity is a least one, and a key's place counts from the command's name, which is word 0.",
    '## What is left out',
    missing.length === 0
      ? 'Nothing: every command and subcommand that redis-server 7.0 answers to COMMAND is there, and a test holds that. What is different on purpose:'
      : `${table(
          ['command of redis-server 7.0', 'why it is not there'],
          missing.map(([name, why]) => [`\`${name.toUpperCase().replace('|', ' ')}\``, cell(why)]),
        )}\n\nWhat is different on purpose:`,
    table(
      ['', ''],
      otherwise.map((cells) => cells.map(cell)),
    ),
    ...commandTables(tables),
    ...directiveTables(tables),
  ].join('\n\n')}\n`;
}
