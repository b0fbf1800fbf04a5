/** Owns CLUSTER's subcommands about the keys of a slot. Source: Redis 7.0 cluster.c clusterCommand. */
import { bulkArray, error, integer } from '../../../protocol/resp/encode.ts';
import { keySlot, SLOT_COUNT } from '../../../protocol/slots/key-slot.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER } from '../../command/errors.ts';
import type { CommandRow } from '../../command/row.ts';
import { SHOWS, subcommand, VARIES } from './row.ts';

const isSlotNumber = (slot: number): boolean => slot >= 0 && slot < SLOT_COUNT;

export const slotKeyRows: readonly CommandRow[] = [
  subcommand(
    'countkeysinslot',
    3,
    SHOWS,
    { summary: 'Return the number of local keys in the specified hash slot' },
    (_cluster, { node }, argv) => {
      const slot = parseInteger(argv[2] as string);
      if (slot === undefined) return NOT_AN_INTEGER;
      return isSlotNumber(slot)
        ? integer(node.databases[0]?.countInSlot(slot) ?? 0)
        : error('ERR Invalid slot');
    },
  ),
  subcommand(
    'getkeysinslot',
    4,
    SHOWS,
    {
      summary: 'Return local key names in the specified hash slot',
      complexity: 'O(log(N)) where N is the number of requested keys',
      tips: VARIES,
    },
    (_cluster, { node }, argv) => {
      const slot = parseInteger(argv[2] as string);
      const count = parseInteger(argv[3] as string);
      if (slot === undefined || count === undefined) return NOT_AN_INTEGER;
      if (!isSlotNumber(slot) || count < 0) return error('ERR Invalid slot or number of keys');
      return bulkArray(node.databases[0]?.keysInSlot(slot, count) ?? []);
    },
  ),
  subcommand(
    'keyslot',
    3,
    SHOWS,
    {
      summary: 'Returns the hash slot of the specified key',
      complexity: 'O(N) where N is the number of bytes in the key',
    },
    (_cluster, _context, argv) => integer(keySlot(argv[2] as string)),
  ),
];
