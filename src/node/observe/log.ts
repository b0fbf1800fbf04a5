/**
 * Owns the lines of the log: "pid:role day month year time level message". Never a password.
 * Source: Redis server.c serverLogRaw.
 */
import { appendFileSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import type { Log, LogLevel } from '../parts/basics.ts';

const levels: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning'];
const marks: Readonly<Record<LogLevel, string>> = { debug: '.', verbose: '-', notice: '*', warning: '#' };
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** "20 Nov 2025 09:15:00.123", local time. */
export function logTime(unixMs: number): string {
  const date = new Date(unixMs);
  const day = `${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export interface LogOptions {
  readonly clock: Clock;
  readonly pid: number;
  /** 'M' master, 'S' replica. */
  role(): 'M' | 'S';
  /** Less important lines are left out. */
  level(): LogLevel;
  /** Takes one line with its line break; the message is latin1 text, one character a byte. */
  write(line: string): void;
}

export function createLog(options: LogOptions): Log {
  return (level, message) => {
    if (levels.indexOf(level) < levels.indexOf(options.level())) return;
    const time = logTime(options.clock.nowMs());
    options.write(`${options.pid}:${options.role()} ${time} ${marks[level]} ${message}\n`);
  };
}

/** Lines go to standard output. A reader that has gone away is no reason to end. */
export function stdoutWriter(): (line: string) => void {
  process.stdout.on('error', () => {});
  return (line) => process.stdout.write(line, 'latin1');
}

/** Lines are added to a file, opened anew for each line so that it may be rotated. */
export function fileWriter(path: string): (line: string) => void {
  return (line) => {
    try {
      appendFileSync(path, line, 'latin1');
    } catch {
      // A log that cannot be written must not stop the node; Redis goes on too.
    }
  };
}
