import { describe, expect, it } from 'vitest';
import { crc16, keySlot } from '../../../src/protocol/slots/key-slot.ts';

describe('keySlot', () => {
  it('has the check value of CRC16 XMODEM', () => {
    expect(crc16('123456789')).toBe(0x31c3);
  });

  // Answers of redis-server 7.0.15 to CLUSTER KEYSLOT.
  it.each([
    ['', 0],
    ['foo', 12182],
    ['somekey', 11058],
    ['foo{hash_tag}', 2515],
    ['bar{hash_tag}', 2515],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['foo{bar}{zap}', 5061],
    ['{', 4092],
    ['{}', 15257],
    ['a}b{c', 13587],
    ['\x00\xff{\x80}', 4488],
  ])('%j is in slot %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });
});
