/**
 * Owns what happens while an operation runs, as data: the one stream that every view consumes. Written out as
 * NDJSON, one event a line, with the version of this format in each.
 */
import type { Finding } from '../cluster/health.ts';
import type { SlotReport } from '../cluster/slot-report.ts';
import type { Topology } from '../cluster/topology.ts';
import type { BackupManifest } from '../plan/backup-manifest.ts';
import type { Comparison } from '../plan/compare-layout.ts';
import type { Plan, Step } from '../plan/plan.ts';
import type { SlotRange } from '../protocol/slots/slot-set.ts';
import type { Address } from '../protocol/text/addresses.ts';

/** Raised when a field changes its meaning or goes; new fields and new types may come without. */
export const EVENTS_VERSION = 1;

export type TribEvent =
  /** Every node was asked. */
  | { readonly type: 'surveyed'; readonly topology: Topology }
  /** The cluster was looked at for problems. */
  | { readonly type: 'checked'; readonly topology: Topology; readonly findings: readonly Finding[] }
  /** The way was worked out; nothing has been changed yet. */
  | { readonly type: 'planned'; readonly plan: Plan; readonly topology: Topology }
  /** The plan was written to a file, before its first effect. */
  | { readonly type: 'plan-saved'; readonly file: string }
  | { readonly type: 'step-started'; readonly index: number; readonly count: number; readonly step: Step }
  | {
      readonly type: 'step-finished';
      readonly index: number;
      readonly count: number;
      readonly step: Step;
      /** "already": there was nothing left to do. */
      readonly outcome: 'done' | 'already';
    }
  /** Nodes do not all see each other, or agree, yet; asked again and again until they do. */
  | { readonly type: 'waiting'; readonly missing: number; readonly example: string }
  /** What a source holds in the slots that it is to give. */
  | {
      readonly type: 'slots-counted';
      readonly source: Address;
      readonly target: Address;
      readonly emptySlots: number;
      readonly fullSlots: number;
      readonly keys: number;
    }
  /** Keys have gone over; their slot is still open. */
  | { readonly type: 'keys-moved'; readonly slot: number; readonly keys: number }
  /** The slot belongs to its target now, and every master was told. */
  | {
      readonly type: 'slot-moved';
      readonly slot: number;
      readonly source: Address;
      readonly target: Address;
      readonly keys: number;
    }
  /** Something failed in a way that passes, and is tried again. */
  | { readonly type: 'retrying'; readonly node: Address; readonly reason: string }
  /** The operator ended it: what was in hand is finished, and this is left. */
  | {
      readonly type: 'interrupted';
      readonly left: readonly Step[];
      /** Command lines that go on; where a command line began it. */
      readonly goOn?: readonly string[];
    }
  /** A node's reply to a command of the operator; bytes that are no text are lost in it. */
  | { readonly type: 'replied'; readonly node: Address; readonly ok: boolean; readonly reply: unknown }
  /** Slots in doubt, with what each master says of them and holds; `searched`: keys were looked for in all slots. */
  | {
      readonly type: 'slots-examined';
      readonly searched: boolean;
      readonly slots: readonly SlotReport[];
    }
  /** Slots that are about to be repaired: open ones, those that nobody has, those that several claim. */
  | {
      readonly type: 'fixing';
      readonly open: readonly SlotRange[];
      readonly uncovered: readonly SlotRange[];
      readonly claimed: readonly SlotRange[];
    }
  /** Two nodes hold different values for keys of a slot, and nothing was overwritten; bytes of keys are escaped. */
  | {
      readonly type: 'keys-differ';
      readonly slot: number;
      readonly keys: readonly string[];
      /** The one that clients are served by comes first. */
      readonly nodes: readonly [Address, Address];
    }
  /** Something that the operator should know of what was done, or could not be. */
  | { readonly type: 'note'; readonly severity: 'warning' | 'note'; readonly message: string }
  /** A node is asked for the data of a master, which go into a file. */
  | {
      readonly type: 'file-started';
      readonly file: string;
      readonly node: Address;
      readonly master: Address;
    }
  /** How far something is that takes its time; `total` is null while nobody knows it. */
  | {
      readonly type: 'progress';
      readonly of: string;
      readonly unit: 'bytes' | 'keys';
      readonly done: number;
      readonly total: number | null;
    }
  /** The file is whole and on disk, though not under its name yet. */
  | {
      readonly type: 'file-saved';
      readonly file: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly rdbVersion: number;
      readonly tookMs: number;
    }
  /** The file is whole, and understood to its last byte; `otherKeys` are those of other databases than 0. */
  | {
      readonly type: 'file-verified';
      readonly file: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly keys: number;
      readonly otherKeys: number;
      readonly functions: number;
    }
  /** A server outside the cluster was asked what it holds, in database 0 and in those that a cluster does not have. */
  | {
      readonly type: 'source-counted';
      readonly source: Address;
      readonly keys: number;
      readonly others: readonly { readonly db: number; readonly keys: number }[];
    }
  /** Keys from outside the cluster are on a master; `names`, where they are told, with what is no ASCII escaped. */
  | {
      readonly type: 'keys-written';
      readonly target: Address;
      readonly keys: number;
      readonly names?: readonly string[];
    }
  /** What became of all keys from outside: `differing` are those that were there with other values, and still are. */
  | {
      readonly type: 'keys-settled';
      readonly written: number;
      readonly already: number;
      readonly expired: number;
      readonly differing: readonly string[];
    }
  /** The folder holds a whole backup. */
  | { readonly type: 'backup-made'; readonly dir: string; readonly manifest: BackupManifest }
  /** A cluster was laid beside a topology file. */
  | ({ readonly type: 'compared' } & Comparison)
  | Finished;

/** The last event of an operation that did not throw. */
export interface Finished {
  readonly type: 'finished';
  readonly operation: Plan['operation'] | 'check' | 'call' | 'diff' | 'wait' | 'backup';
  /** "planned": only the plan was wanted. "declined": the operator did not approve it. */
  readonly outcome: 'done' | 'planned' | 'declined' | 'interrupted';
  /** Whether the operator got what they asked for, and nothing is wrong. */
  readonly ok: boolean;
  /** Slots and keys that were moved. */
  readonly slots: number;
  readonly keys: number;
  readonly tookMs: number;
}
