/** Owns the lines about a backup, as redis-cli writes them. Source: redis-cli.c clusterManagerCommandBackup. */
import { join } from 'node:path';
import type { TribEvent } from '../../execute/events.ts';
import { NODES_FILE } from '../../plan/backup-manifest.ts';
import { formatAddress, sameAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { byteCount } from './progress-text.ts';

export const backupLines = { event };

function event(happened: TribEvent, { paint }: Session): string[] {
  switch (happened.type) {
    case 'file-started': {
      const { node, master } = happened;
      const line = `>>> Node ${formatAddress(master)} -> Saving RDB...`;
      const replica = sameAddress(node, master) ? [] : [`    from its replica ${formatAddress(node)}`];
      return [paint('bold', line), ...replica];
    }
    case 'file-saved':
      return [`${happened.file}: ${byteCount(happened.bytes)}, sha256 ${happened.sha256}`];
    case 'backup-made': {
      const { dir, manifest } = happened;
      const warning = `*** Slots ${manifest.missingSlots} are not in it, nor are their keys.`;
      return [
        paint('bold', `Saving cluster configuration to: ${join(dir, NODES_FILE)}`),
        ...(manifest.missingSlots === '' ? [] : [paint('yellow', warning)]),
        paint('green', `[OK] Backup created into: ${dir}`),
      ];
    }
    default:
      return [];
  }
}
