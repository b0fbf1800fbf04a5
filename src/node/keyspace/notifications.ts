/**
 * Owns keyspace notifications: which events notify-keyspace-events lets through, and the two channels of each. Publishes
 * through a function that it is given; never knows a subscriber. Source: Redis notify.c.
 */
import type { Config } from '../parts/basics.ts';

/** What the letter A stands for: all classes but key misses (m) and new keys (n). */
const ALL_CLASSES = 'g$lshzxetd';

export class Notifications {
  readonly #publish: (channel: string, message: string) => void;
  /** Letters: the classes, and K and E for the two channels. */
  #enabled = '';

  constructor(config: Config, publish: (channel: string, message: string) => void) {
    this.#publish = publish;
    const read = (): void => {
      this.#enabled = config.text('notify-keyspace-events').replace('A', ALL_CLASSES);
    };
    read();
    config.onChange('notify-keyspace-events', read);
  }

  /** `classLetter` as in the directive: g generic, $ string, x expired, m miss ... */
  notify(dbIndex: number, classLetter: string, event: string, key: string): void {
    if (this.#enabled === '' || !this.#enabled.includes(classLetter)) return;
    if (this.#enabled.includes('K')) this.#publish(`__keyspace@${dbIndex}__:${key}`, event);
    if (this.#enabled.includes('E')) this.#publish(`__keyevent@${dbIndex}__:${event}`, key);
  }
}
