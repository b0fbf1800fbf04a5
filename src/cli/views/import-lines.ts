/** Owns the lines about an import, as redis-cli writes them. Source: redis-cli.c clusterManagerCommandImport. */
import type { TribEvent } from '../../execute/events.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';

export const importLines = { planned: (): string[] => [], stepStarted: (): string[] => [], event };

function event(happened: TribEvent, { paint, isTerminal }: Session): string[] {
  switch (happened.type) {
    case 'source-counted': {
      const { keys, others } = happened;
      const elsewhere = others.map(
        ({ db, keys: count }) =>
          `[WARNING] ${count === 1 ? '1 key' : `${count} keys`} of database ${db} will not be imported: a cluster has database 0 only.`,
      );
      return [
        paint('yellow', `*** Importing ${keys} keys from DB 0`),
        ...elsewhere.map((line) => paint('yellow', line)),
      ];
    }
    case 'keys-written': {
      const target = formatAddress(happened.target);
      // A person sees how far it is instead.
      return isTerminal ? [] : (happened.names ?? []).map((name) => `Migrating ${name} to ${target}: OK`);
    }
    case 'keys-settled': {
      const { written, already } = happened;
      const same = already === 0 ? '' : `, ${already} were there already`;
      return [paint('green', `[OK] ${written} keys imported${same}.`)];
    }
    default:
      return [];
  }
}
