/** Owns the lines about a restore. */
import { basename } from 'node:path';
import type { TribEvent } from '../../execute/events.ts';
import type { Session } from '../session.ts';
import { byteCount } from './progress-text.ts';

export const restoreLines = { event };

function event(happened: TribEvent, { paint }: Session): string[] {
  switch (happened.type) {
    case 'file-verified': {
      const { file, bytes, keys, otherKeys, functions } = happened;
      const parts = [
        `${keys} keys`,
        ...(otherKeys > 0 ? [`${otherKeys} in other databases than 0`] : []),
        ...(functions > 0 ? [`${functions} function ${functions === 1 ? 'library' : 'libraries'}`] : []),
        byteCount(bytes),
      ];
      return [`${paint('green', '[OK]')} ${basename(file)} is whole: ${parts.join(', ')}`];
    }
    case 'keys-settled': {
      const { written, already, expired } = happened;
      const parts = [
        `${written} keys restored`,
        ...(already > 0 ? [`${already} were there already`] : []),
        ...(expired > 0 ? [`${expired} have expired since`] : []),
      ];
      return [paint('green', `[OK] ${parts.join(', ')}.`)];
    }
    default:
      return [];
  }
}
