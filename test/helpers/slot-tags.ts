/** Owns hash tags by slot: keys in the slots that a test wants. */
import { keySlot, SLOT_COUNT } from '../../src/protocol/slots/key-slot.ts';

/** One hash tag for each slot. */
export function slotTags(): string[] {
  const tags: string[] = new Array(SLOT_COUNT);
  for (let number = 0, found = 0; found < SLOT_COUNT; number++) {
    const tag = number.toString(36);
    const slot = keySlot(tag);
    if (tags[slot] !== undefined) continue;
    tags[slot] = tag;
    found++;
  }
  return tags;
}
