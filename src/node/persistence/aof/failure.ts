/** Owns the failures of the append only file: sentences in Redis's words, and where they come from. */
import { systemErrorText } from '../../config/special.ts';

/** Something cannot be done; the message is what Redis logs. */
export class AofError extends Error {
  override readonly name = 'AofError';
}

/** Does `work`; what the system says of its failure goes into the sentence of an AofError. */
export function orFail<T>(work: () => T, sentence: (reason: string) => string): T {
  try {
    return work();
  } catch (error) {
    throw new AofError(sentence(systemErrorText(error)));
  }
}
