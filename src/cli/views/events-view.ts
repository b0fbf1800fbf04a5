/** Owns the output of --events: each event is a line of JSON on standard output, as it happens. */
import type { TribEvent } from '../../execute/events.ts';
import type { Session } from '../session.ts';
import { eventLine } from './data.ts';
import type { View } from './view.ts';

export class EventsView implements View {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  show(event: TribEvent): void {
    this.#session.write(`${eventLine(event)}\n`);
  }

  pause(): void {}
}
