/** The public API of trib. */
export { ConfigError } from './node/config/load.ts';
export { NodeStartError, startNode } from './node/node.ts';
export type { NodeOptions, RunningNode } from './node/node.ts';
