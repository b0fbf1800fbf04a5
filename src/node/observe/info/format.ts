/** Owns the ways in which INFO writes values. Source: Redis util.c bytesToHuman, server.c getSafeInfoString. */

/** "894.88K": the unit below the next one, two digits. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  for (const [index, unit] of ['K', 'M', 'G', 'T', 'P'].entries()) {
    if (bytes < 1024 ** (index + 2)) return `${(bytes / 1024 ** (index + 1)).toFixed(2)}${unit}`;
  }
  return `${bytes}B`;
}

/** Text from outside as part of a line: what would break the format becomes '_'. */
export function safeName(text: string): string {
  return text.replace(/[#:\n\r]/g, '_');
}

/** Fields as lines. */
export function lines(fields: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(fields).map(([name, value]) => `${name}:${value}`);
}
