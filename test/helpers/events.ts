/** Owns the hearing of keyspace notifications of one server, for tests, in the order in which they come. */
import { Subscriber } from './subscriber.ts';

const LAST = 'that is all';

export class EventListener {
  readonly #subscriber: Subscriber;

  private constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /** Of all databases; which events there are, notify-keyspace-events of the server says. */
  static async open(port: number): Promise<EventListener> {
    const subscriber = await Subscriber.open(port);
    await subscriber.take(':2\r\n', 'HELLO 3', 'PSUBSCRIBE __key*__:*', 'SUBSCRIBE end');
    return new EventListener(subscriber);
  }

  /** All since the begin, "channel message" each. None when the server was told to close this connection meanwhile. */
  async end(): Promise<string[]> {
    const subscriber = this.#subscriber;
    subscriber.send(['PUBLISH', 'end', LAST]);
    const text = await subscriber.untilEnd(LAST);
    subscriber.close();
    return text === undefined ? [] : eventsIn(text);
  }
}

/** From pmessages; what they tell of holds no line breaks. */
function eventsIn(text: string): string[] {
  const found = text.matchAll(/\$8\r\npmessage\r\n\$\d+\r\n.*\r\n\$\d+\r\n(.*)\r\n\$\d+\r\n(.*)\r\n/g);
  return [...found].map(([, channel, message]) => `${channel} ${message}`);
}
