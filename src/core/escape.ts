/** Owns the showing of bytes to a person: what is no printable ASCII is escaped, so that no terminal obeys it. */

/** "abc\x00": the bytes as ASCII, others as \xNN. */
export function escapeBytes(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
