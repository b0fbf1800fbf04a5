/**
 * Owns what the node says about directives that it accepts but does not act on.
 */
import type { Log } from '../parts/basics.ts';
import type { ConfigStore } from './store.ts';

/** Tells the operator at the start. */
export function tellOfUnoffered(config: ConfigStore, log: Log): void {
  for (const name of config.withoutEffect())
    log('warning', `The directive '${name}' has no effect in this node; it is accepted and shown only.`);
}
