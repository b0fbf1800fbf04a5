/** Owns which channels of a shard are in which slot, so that those of a slot are found at once. Source: Redis cluster.c slotToChannelAdd. */
import { slotOf } from '../keyspace/slot-of.ts';

export class SlotChannels {
  readonly #bySlot = new Map<number, Set<string>>();

  add(channel: string): void {
    const slot = slotOf(channel);
    const present = this.#bySlot.get(slot);
    if (present === undefined) this.#bySlot.set(slot, new Set([channel]));
    else present.add(channel);
  }

  remove(channel: string): void {
    const slot = slotOf(channel);
    const present = this.#bySlot.get(slot);
    if (present?.delete(channel) && present.size === 0) this.#bySlot.delete(slot);
  }

  /** A copy: channels may go while it is read. */
  of(slot: number): string[] {
    const present = this.#bySlot.get(slot);
    return present === undefined ? [] : [...present];
  }
}
