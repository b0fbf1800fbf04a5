/**
 * Owns what the node says about directives that it accepts but does not act on.
 */
import type { Log } from '../parts/basics.ts';
import type { ConfigStore } from './store.ts';

const NO_EVICTION =
  'maxmemory: this node neither refuses writes nor evicts keys yet, whatever memory they take.';

/** Lines for the log of a start. */
function notesAtStart(config: ConfigStore): string[] {
  const notes = config
    .withoutEffect()
    .map((name) => `The directive '${name}' has no effect in this node; it is accepted and shown only.`);
  if (config.number('maxmemory') > 0) notes.push(`WARNING ${NO_EVICTION}`);
  return notes;
}

/** Tells the operator at the start, and whenever one of these directives changes. */
export function tellOfUnoffered(config: ConfigStore, log: Log): void {
  for (const note of notesAtStart(config)) log('warning', note);
  config.onChange('maxmemory', () => {
    if (config.number('maxmemory') > 0) log('warning', `WARNING ${NO_EVICTION}`);
  });
}
