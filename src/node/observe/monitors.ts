/** Owns the clients that sent MONITOR, and the lines they get. Source: Redis replication.c replicationFeedMonitors. */
import { quote } from '../config/value.ts';
import type { Session } from '../dispatch/session.ts';

export class Monitors {
  readonly #sessions = new Set<Session>();

  get any(): boolean {
    return this.#sessions.size > 0;
  }

  add(session: Session): void {
    if (session.monitor) return;
    session.monitor = true;
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
  }

  remove(session: Session): void {
    session.monitor = false;
    this.#sessions.delete(session);
  }

  /** `nowMs`: Unix time, with fractions. */
  feed(from: Session, argv: readonly string[], nowMs: number): void {
    const microseconds = Math.trunc(nowMs * 1000);
    const seconds = Math.trunc(microseconds / 1e6);
    const time = `${seconds}.${String(microseconds - seconds * 1e6).padStart(6, '0')}`;
    const line = `+${time} [${from.db.index} ${from.address}] ${argv.map(quote).join(' ')}\r\n`;
    for (const session of this.#sessions) session.write(line);
  }
}
