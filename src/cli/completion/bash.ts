/** Owns the completion script for bash. */
import type { CommandWords, Completion, FlagWords } from './model.ts';

export function bashCompletion({ commands }: Completion): string {
  return [
    '# Completion of trib for bash. To use it: source <(trib completion bash)',
    '_trib() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}`,
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help' -- "$cur"))`,
    '    return',
    '  fi',
    '  # bash makes words of their own of the "=" and of what is behind it.',
    `  if [ "$cur" = = ]; then cur=; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi`,
    '  case $command:$prev in',
    ...commands.flatMap(valueCases),
    '  esac',
    '  case $command in',
    ...commands.map(wordsCase),
    '  esac',
    '}',
    'complete -o default -F _trib trib',
    '',
  ].join('\n');
}

/** What comes behind a flag that takes a word. */
function valueCases({ name, flags }: CommandWords): string[] {
  return flags.flatMap((flag) => {
    if (flag.takes === 'nothing') return [];
    const names = namesOf(flag).map((word) => `${name}:${word}`);
    return [`    ${names.join('|')}) ${replyOf(flag)} return ;;`];
  });
}

function replyOf({ takes, values }: FlagWords): string {
  switch (takes) {
    case 'value':
      return `COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$cur"));`;
    case 'file':
      return 'COMPREPLY=($(compgen -f -- "$cur"));';
    case 'folder':
      return 'COMPREPLY=($(compgen -d -- "$cur"));';
    default:
      return '';
  }
}

function wordsCase({ name, flags, values }: CommandWords): string {
  const words = [...values, ...flags.flatMap(namesOf)].join(' ');
  return `    ${name}) COMPREPLY=($(compgen -W '${words}' -- "$cur")) ;;`;
}

function namesOf({ name, char }: FlagWords): string[] {
  return char === undefined ? [`--${name}`] : [`--${name}`, `-${char}`];
}
