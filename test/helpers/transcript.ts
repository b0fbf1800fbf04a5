/**
 * Owns the making of transcripts that are the same on every run: ids and ports become those of the nodes' numbers,
 * and what depends on the moment (how long a wait was, what comes by itself a little later) is left out.
 */

/** `ports` in the order of the nodes, which are numbered from 7001; `ids` by port. */
export function normalise(text: string, ports: readonly number[], ids: ReadonlyMap<number, string>): string {
  let normal = text;
  for (const [index, port] of ports.entries()) {
    const id = ids.get(port);
    if (id !== undefined) {
      normal = normal
        .replaceAll(id, `<id of ${7001 + index}>`)
        .replaceAll(`${id.slice(0, 8)}...`, `<${7001 + index}>...`);
    }
    normal = normal
      .replaceAll(`:${port + 10000}`, `:${17001 + index}`)
      .replaceAll(new RegExp(`(?<=[: ])${port}\\b`, 'g'), String(7001 + index));
  }
  return normal
    .split('\n')
    .filter((line) => !/^\[WARNING\] (Replica|Clients|The bus port)|^New masters serve clients/.test(line))
    .map((line) => line.replace(/^\.+$/, '...'))
    .join('\n');
}
