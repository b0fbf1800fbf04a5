/** The public API of trib: operations on clusters as streams of events, and nodes to run in this process. */
export type { ClientOptions } from './client/node-client.ts';
export type { Finding, FindingKind, Severity } from './cluster/health.ts';
export type { ClusterNode, NodeView, Topology } from './cluster/topology.ts';
export { type ErrorCode, exitCodes, TribError } from './core/errors.ts';
export { EVENTS_VERSION, type Finished, type TribEvent } from './execute/events.ts';
export { type ApplyOptions, apply } from './execute/operations/apply.ts';
export { type CallOptions, call } from './execute/operations/call.ts';
export { check, type LookOptions, look } from './execute/operations/check.ts';
export { type CreateOptions, create } from './execute/operations/create.ts';
export type { OperationOptions } from './execute/operations/options.ts';
export { type ReshardOptions, reshard } from './execute/operations/reshard.ts';
export { ConfigError } from './node/config/load.ts';
export type { NodeOptions, RunningNode } from './node/node.ts';
export { NodeStartError, startNode } from './node/node.ts';
export { defaultMoveOptions, type MoveOptions, type Plan, type Step } from './plan/plan.ts';
export { parsePlan, serialisePlan } from './plan/plan-file.ts';
export type { ReshardRequest } from './plan/reshard.ts';
export type { Address, Credentials } from './protocol/text/addresses.ts';
