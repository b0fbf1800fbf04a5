/**
 * Owns the memory of the last key's slot: routing, look-up and change of one command ask for the same key, and
 * CRC16 goes through it byte by byte. Source: none; the slot itself is protocol/slots.
 */
import { keySlot } from '../../protocol/slots/key-slot.ts';

let lastKey = '';
let lastSlot = keySlot('');

/** The hash slot of a latin1 key, as keySlot. */
export function slotOf(key: string): number {
  if (key === lastKey) return lastSlot;
  lastKey = key;
  lastSlot = keySlot(key);
  return lastSlot;
}
