/** Owns the help for scripts and people who come from redis-cli: `trib --cluster help`, made from the table. */
import { clusterCommands, clusterOptions, clusterPrefix, weightOption } from './redis-cli-table.ts';

const nameWidth = 15;

export function clusterHelp(): string {
  const lines = Object.entries(clusterCommands).flatMap(([name, { words, options }]) => [
    `  ${name.padEnd(nameWidth)}${words}`.trimEnd(),
    ...options.map((option) => `  ${' '.repeat(nameWidth)}${optionLine(option)}`),
  ]);
  return [
    'Cluster Manager Commands:',
    ...lines,
    '',
    'host:port may be two words, and is any working node of the cluster; for add-node the second one.',
    '',
    'Cluster Manager Options:',
    '  --cluster-yes  Automatic yes to cluster commands prompts',
    '',
    'The same commands without --cluster, and more of them: trib --help',
    '',
  ].join('\n');
}

function optionLine(option: string): string {
  if (option === 'weight') return `${weightOption} <node1=w1...nodeN=wN>`;
  return `${clusterPrefix}${option}${clusterOptions[option]?.valued === true ? ' <arg>' : ''}`;
}
