/** Owns the template of the process title. Source: Redis server.c expandProcTitleTemplate; sds.c sdstemplate. */

export const titleVariables = [
  'title',
  'listen-addr',
  'server-mode',
  'port',
  'tls-port',
  'unixsocket',
  'config-file',
] as const;

export type TitleVariable = (typeof titleVariables)[number];

/** The template with its {variables} filled in, trimmed; undefined when it names others or a brace is open. "{{" is a brace. */
export function expandTitle(
  template: string,
  valueFor: (variable: TitleVariable) => string,
): string | undefined {
  let result = '';
  for (let at = 0; at < template.length; ) {
    const open = template.indexOf('{', at);
    if (open < 0) return (result + template.slice(at)).trim();
    result += template.slice(at, open);
    if (template[open + 1] === '{') {
      result += '{';
      at = open + 2;
      continue;
    }
    const close = template.indexOf('}', open);
    const name = titleVariables.find((known) => known === template.slice(open + 1, close));
    if (close < 0 || name === undefined) return undefined;
    result += valueFor(name);
    at = close + 1;
  }
  return result.trim();
}

export function checkTitleTemplate(template: string): string | undefined {
  const expanded = expandTitle(template, () => 'x');
  return expanded === undefined || expanded === ''
    ? 'template format is invalid or contains unknown variables'
    : undefined;
}
