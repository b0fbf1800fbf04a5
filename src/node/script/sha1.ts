/** Owns the name of a script: the SHA1 of its body. */
import { hash } from 'node:crypto';

/** 40 lower-case hexadecimal characters; `text` is latin1, one character a byte. */
export function sha1Hex(text: string): string {
  return hash('sha1', Buffer.from(text, 'latin1'));
}
