/** The public API of trib: operations on clusters as streams of events, and nodes to run in this process. */
export type { ClientOptions } from './client/node-client.ts';
export type { Finding, FindingKind, Severity } from './cluster/health.ts';
export type { Layout, LayoutNode } from './cluster/layout.ts';
export { type Condition, conditions } from './cluster/readiness.ts';
export type { ClusterNode, NodeView, Topology } from './cluster/topology.ts';
export { type ErrorCode, exitCodes, TribError } from './core/errors.ts';
export { EVENTS_VERSION, type Finished, type TribEvent } from './execute/events.ts';
export { type AddNodeOptions, addNode } from './execute/operations/add-node.ts';
export { type ApplyOptions, apply } from './execute/operations/apply.ts';
export { type BackupOptions, backup } from './execute/operations/backup.ts';
export { type CallOptions, call } from './execute/operations/call.ts';
export { type CheckOptions, check, type LookOptions, look } from './execute/operations/check.ts';
export { type CreateOptions, create } from './execute/operations/create.ts';
export { type DelNodeOptions, delNode } from './execute/operations/del-node.ts';
export { type DrainOptions, drain } from './execute/operations/drain.ts';
export { type FailoverOptions, failover } from './execute/operations/failover.ts';
export { type FixOptions, fix } from './execute/operations/fix.ts';
export { type ImportOptions, importKeys } from './execute/operations/import.ts';
export type { OperationOptions } from './execute/operations/options.ts';
export { type RebalanceOptions, rebalance } from './execute/operations/rebalance.ts';
export { type ReplaceNodeOptions, replaceNode } from './execute/operations/replace-node.ts';
export { type ReshardOptions, reshard } from './execute/operations/reshard.ts';
export { type RestoreOptions, restore } from './execute/operations/restore.ts';
export { type SetTimeoutOptions, setTimeoutOfNodes } from './execute/operations/set-timeout.ts';
export {
  type ApplyLayoutOptions,
  applyLayout,
  type CreateFromOptions,
  createFrom,
  diff,
  type LayoutOptions,
} from './execute/operations/topology.ts';
export { type WaitOptions, wait } from './execute/operations/wait.ts';
export { ConfigError } from './node/config/load.ts';
export type { NodeOptions, RunningNode } from './node/node.ts';
export { NodeStartError, startNode } from './node/node.ts';
export type { AddNodeRequest } from './plan/add-node.ts';
export type { BackupFile, BackupManifest } from './plan/backup-manifest.ts';
export type { Comparison, Difference } from './plan/compare-layout.ts';
export type { DelNodeRequest } from './plan/del-node.ts';
export type { DrainRequest } from './plan/drain.ts';
export type { FailoverRequest } from './plan/failover.ts';
export { defaultMoveOptions, type MoveOptions, type Plan, type Step } from './plan/plan.ts';
export { parsePlan, serialisePlan } from './plan/plan-file.ts';
export type { RebalanceRequest } from './plan/rebalance.ts';
export type { ReshardRequest } from './plan/reshard.ts';
export type { Address, Credentials } from './protocol/text/addresses.ts';
