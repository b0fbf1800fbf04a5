import { describe, expect, it } from 'vitest';
import { Notifications } from '../../../src/node/keyspace/notifications.ts';
import type { Config } from '../../../src/node/parts/basics.ts';

function notifications(flags: string): { told: string[]; notify: Notifications; set(flags: string): void } {
  let current = flags;
  let changed = (): void => undefined;
  const config = {
    text: () => current,
    onChange: (_name: string, fn: () => void) => {
      changed = fn;
    },
  } as unknown as Config;
  const told: string[] = [];
  const notify = new Notifications(config, (channel, message) => told.push(`${channel} ${message}`));
  return {
    told,
    notify,
    set(next) {
      current = next;
      changed();
    },
  };
}

describe('keyspace notifications', () => {
  it('go to the key and to the event, as the directive says', () => {
    const { told, notify, set } = notifications('');
    notify.notify(0, '$', 'set', 'a');
    expect(told).toEqual([]);
    set('KEA');
    notify.notify(3, '$', 'set', 'a');
    expect(told.splice(0)).toEqual(['__keyspace@3__:a set', '__keyevent@3__:set a']);
    set('K$');
    notify.notify(0, '$', 'set', 'a');
    notify.notify(0, 'g', 'del', 'a');
    expect(told.splice(0)).toEqual(['__keyspace@0__:a set']);
    set('Ex');
    notify.notify(0, 'x', 'expired', 'a');
    expect(told.splice(0)).toEqual(['__keyevent@0__:expired a']);
  });

  it('tell of misses and new keys only when asked by name', () => {
    const { told, notify, set } = notifications('KEA');
    notify.notify(0, 'm', 'keymiss', 'a');
    notify.notify(0, 'n', 'new', 'a');
    expect(told).toEqual([]);
    set('KAmn');
    notify.notify(0, 'm', 'keymiss', 'a');
    notify.notify(0, 'n', 'new', 'a');
    expect(told).toEqual(['__keyspace@0__:a keymiss', '__keyspace@0__:a new']);
  });

  it('need a channel to go to', () => {
    const { told, notify } = notifications('g$x');
    notify.notify(0, 'g', 'del', 'a');
    expect(told).toEqual([]);
  });
});
