/** Owns why an RDB file is refused. */

/** A clear sentence. */
export class RdbError extends Error {
  override readonly name: string = 'RdbError';
}

/** The bytes are not those that were written. */
export class RdbChecksumError extends RdbError {
  override readonly name = 'RdbChecksumError';
}

/** For a sentence: what is no printable ASCII as \xhh, and not endless. */
export function printableKey(key: string): string {
  const shown = key.length > 128 ? `${key.slice(0, 128)}...` : key;
  return shown.replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
