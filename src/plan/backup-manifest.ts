/**
 * Owns what a backup says of itself: the manifest with which it is complete, and the picture of the nodes in the form of
 * redis-cli. Both are written and read here as text; files are execute/backup/. Source of nodes.json: redis-cli.c
 * clusterManagerNodeGetJSON.
 */
import type { ClusterNode, Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { formatRanges } from '../protocol/slots/slot-set.ts';
import type { OpenSlot } from '../protocol/text/nodes.ts';
import { Fields } from './fields.ts';

export const MANIFEST_FILE = 'backup.json';
export const NODES_FILE = 'nodes.json';
/** Behind the name of a file that is not complete yet. */
export const PART_SUFFIX = '.part';

const FORMAT = 'trib-backup';
const VERSION = 1;

/** One RDB file of a backup: the data of one master. */
export interface BackupFile {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly rdbVersion: number;
  /** Keys that the node counted when the backup began. */
  readonly keys: number;
  /** "0-5460,5462" */
  readonly slots: string;
  readonly configEpoch: number;
  /** Whose data it is, and who gave it: the same node, or a replica of it. Addresses as "host:port". */
  readonly master: { readonly id: string; readonly address: string };
  readonly savedFrom: { readonly id: string; readonly address: string };
}

export interface BackupManifest {
  /** ISO 8601, UTC: when the backup was begun. */
  readonly createdAt: string;
  readonly currentEpoch: number;
  /** Slots that no file covers; "" for a whole backup. */
  readonly missingSlots: string;
  readonly files: readonly BackupFile[];
}

export function serialiseManifest(manifest: BackupManifest): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...manifest }, undefined, 2)}\n`;
}

/** Throws a TribError ("usage") that says what is wrong with it. */
export function parseManifest(text: string): BackupManifest {
  const fields = Fields.ofFile(text, { format: FORMAT, version: VERSION }, notAManifest);
  const files = fields.objects('files').map(fileOf);
  if (files.length === 0) throw notAManifest('it names no files');
  return {
    createdAt: fields.text('createdAt'),
    currentEpoch: fields.whole('currentEpoch'),
    missingSlots: fields.text('missingSlots'),
    files,
  };
}

function fileOf(fields: Fields): BackupFile {
  const file = fields.text('file');
  // A name that leads out of the folder was not written by a backup.
  if (!/^[\w.:[\]-]+\.rdb$/.test(file)) throw notAManifest(`"${file}" is no name of a file in it`);
  const sha256 = fields.text('sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw notAManifest(`the sha256 of ${file} is none`);
  return {
    file,
    sha256,
    bytes: fields.whole('bytes'),
    rdbVersion: fields.whole('rdbVersion'),
    keys: fields.whole('keys'),
    slots: fields.text('slots'),
    configEpoch: fields.whole('configEpoch'),
    master: ownerOf(fields.object('master')),
    savedFrom: ownerOf(fields.object('savedFrom')),
  };
}

function ownerOf(fields: Fields): BackupFile['master'] {
  return { id: fields.text('id'), address: fields.text('address') };
}

function notAManifest(why: string): TribError {
  return new TribError('usage', `${MANIFEST_FILE} is not the manifest of a backup: ${why}.`);
}

/** nodes.json: every node that answered, with the errors that the check found. */
export function serialiseNodes({ nodes }: Topology, errorCount: number): string {
  const answering = nodes.filter(({ view }) => view !== undefined);
  return `[\n${answering.map((node) => nodeText(node, errorCount)).join(',\n')}\n]`;
}

function nodeText(node: ClusterNode, errorCount: number): string {
  const { id, address, masterId, slots, slotCount, flags, configEpoch, migrating, importing } = node;
  const ranges = slots.map(({ first, last }) => (first === last ? `[${first}]` : `[${first},${last}]`));
  const lines = [
    `"name": ${JSON.stringify(id)}`,
    `"host": ${JSON.stringify(address.host)}`,
    `"port": ${address.port}`,
    `"replicate": ${masterId === undefined ? 'null' : JSON.stringify(masterId)}`,
    `"slots": [${ranges.join(',')}]`,
    `"slots_count": ${slotCount}`,
    `"flags": ${JSON.stringify(flags.join(','))}`,
    `"current_epoch": ${configEpoch}`,
    ...(errorCount > 0 ? [`"cluster_errors": ${errorCount}`] : []),
    ...(migrating.length > 0 ? [`"migrating": {${openSlots(migrating)}}`] : []),
    ...(importing.length > 0 ? [`"importing": {${openSlots(importing)}}`] : []),
  ];
  return `  {\n${lines.map((line) => `    ${line}`).join(',\n')}\n  }`;
}

function openSlots(slots: readonly OpenSlot[]): string {
  return slots.map(({ slot, nodeId }) => `"${slot}": "${nodeId}"`).join(',');
}

/** As redis-cli names the file of a master. */
export function fileNameOf({ id, address }: Pick<ClusterNode, 'id' | 'address'>): string {
  return `redis-node-${address.host.replaceAll(/[^\w.:-]/g, '_')}-${address.port}-${id}.rdb`;
}

export function slotsText(node: Pick<ClusterNode, 'slots'>): string {
  return formatRanges(node.slots, ',');
}
