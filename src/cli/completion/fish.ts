/** Owns the completion script for fish. */
import { quoted } from '../shell-words.ts';
import type { CommandWords, Completion, FlagWords } from './model.ts';

export function fishCompletion({ commands }: Completion): string {
  return [
    '# Completion of trib for fish. To use it: trib completion fish > ~/.config/fish/completions/trib.fish',
    'complete -c trib -f',
    ...commands.map(
      ({ name, summary }) => `complete -c trib -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    ),
    ...commands.flatMap(commandLines),
    '',
  ].join('\n');
}

function commandLines({ name, flags, values }: CommandWords): string[] {
  const when = `complete -c trib -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  const ofArgument = values.length > 0 ? [`${when} -a ${quoted(values.join(' '))}`] : [];
  return [...ofArgument, ...flags.map((flag) => `${when} ${flagWords(flag)}`)];
}

function flagWords({ name, char, summary, takes, values }: FlagWords): string {
  const short = char === undefined ? '' : `-s ${char} `;
  const value = {
    nothing: '',
    value: ` -x -a ${quoted(values.join(' '))}`,
    file: ' -r -F',
    folder: " -x -a '(__fish_complete_directories)'",
    anything: ' -x',
  };
  return `${short}-l ${name} -d ${fishQuoted(summary)}${value[takes]}`;
}

/** In fish a backslash escapes within single quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
