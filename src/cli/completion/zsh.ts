/** Owns the completion script for zsh. */
import { quoted } from '../shell-words.ts';
import type { CommandWords, Completion, FlagWords } from './model.ts';

export function zshCompletion({ commands }: Completion): string {
  return [
    '#compdef trib',
    `# Completion of trib for zsh. To use it: trib completion zsh > "\${fpath[1]}/_trib"`,
    '_trib() {',
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`),
    '  )',
    '  if (( CURRENT == 2 )); then',
    "    _describe -t commands 'command of trib' commands",
    '    return',
    '  fi',
    '  shift words',
    '  (( CURRENT-- ))',
    `  case \${words[1]} in`,
    ...commands.flatMap(commandCase),
    '  esac',
    '}',
    'if [ "$funcstack[1]" = "_trib" ]; then _trib "$@"; else compdef _trib trib; fi',
    '',
  ].join('\n');
}

function commandCase({ name, flags, values }: CommandWords): string[] {
  const argument = values.length > 0 ? `1:argument:(${values.join(' ')})` : '*:node: ';
  const specs = [...flags.flatMap(flagSpecs), argument];
  return [`    ${name}) _arguments ${specs.map(quoted).join(' ')} ;;`];
}

/** "--name=[what it is]:value:(these)" */
function flagSpecs({ name, char, summary, takes, values }: FlagWords): string[] {
  const explained = `[${summary.replace(/[[\]]/g, '\\$&')}]`;
  const value = {
    nothing: '',
    value: `:value:(${values.join(' ')})`,
    file: ':file:_files',
    folder: ':folder:_files -/',
    anything: ':value: ',
  };
  const long = `--${name}${takes === 'nothing' ? '' : '='}${explained}${value[takes]}`;
  return char === undefined ? [long] : [long, `-${char}${explained}${value[takes]}`];
}
