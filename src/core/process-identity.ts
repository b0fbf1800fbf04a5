/**
 * Owns the identity of a process: its id alone is none, since systems use ids again; the start time goes with it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process started, in the system's own notion: to be compared, never read. Undefined when there is no such
 * process, or only a zombie of it.
 */
export function startIdOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Fields after the name in parentheses: state first; the start time is field 22 of the line. See proc(5).
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
