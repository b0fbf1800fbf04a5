/**
 * Owns the text of INFO and CLUSTER INFO: lines `name:value` under `# Section` heads. Parsing only.
 * Source: https://redis.io/commands/info, Redis server.c genRedisInfoString.
 */

/** The value of each field; sections are not told apart, since no name stands in two. */
export type InfoFields = ReadonlyMap<string, string>;

export function parseInfo(text: string): InfoFields {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** A field that is a whole number; undefined when it is missing or none. */
export function infoNumber(fields: InfoFields, name: string): number | undefined {
  const value = fields.get(name);
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

/** Keys in all databases, from the `db<N>:keys=<count>,...` lines. */
export function infoKeyCount(fields: InfoFields): number {
  let count = 0;
  for (const [name, value] of fields) {
    if (/^db\d+$/.test(name)) count += Number(/\bkeys=(\d+)/.exec(value)?.[1] ?? 0);
  }
  return count;
}
