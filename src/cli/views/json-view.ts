/** Owns the output of --json: one document at the end, put together from the events. */
import type { Finished, TribEvent } from '../../execute/events.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { topologyData } from './data.ts';
import type { View } from './view.ts';

export class JsonView implements View {
  readonly #session: Session;
  readonly #document: Record<string, unknown> = {};
  readonly #replies: unknown[] = [];
  readonly #notes: unknown[] = [];
  readonly #differing: unknown[] = [];
  #movesSlots = false;

  readonly #files: unknown[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  show(event: TribEvent): void {
    switch (event.type) {
      case 'surveyed':
        this.#document['nodes'] = topologyData(event.topology);
        break;
      case 'checked':
        this.#document['nodes'] = topologyData(event.topology);
        this.#document['findings'] = event.findings;
        break;
      case 'planned':
        this.#document['plan'] = event.plan;
        this.#movesSlots = event.plan.steps.some(({ kind }) => kind === 'move-slots');
        break;
      case 'plan-saved':
        this.#document['planFile'] = event.file;
        break;
      case 'compared':
        this.#document['differences'] = event.differences;
        this.#document['notes'] = event.notes;
        break;
      case 'interrupted':
        this.#document['left'] = event.left;
        this.#document['goOn'] = event.goOn;
        break;
      case 'backup-made':
        this.#document['dir'] = event.dir;
        this.#document['backup'] = event.manifest;
        break;
      case 'file-verified': {
        const { type: _, ...file } = event;
        this.#files.push(file);
        break;
      }
      case 'source-counted':
        this.#document['source'] = { ...event.source, keys: event.keys, others: event.others };
        break;
      case 'keys-settled': {
        const { type: _, ...keys } = event;
        this.#document['keys'] = keys;
        break;
      }
      case 'note':
        this.#notes.push({ severity: event.severity, message: event.message });
        break;
      case 'slots-examined':
        this.#document['slots'] = event.slots;
        break;
      case 'keys-differ':
        this.#differing.push({ slot: event.slot, keys: event.keys, nodes: event.nodes.map(formatAddress) });
        break;
      case 'replied':
        this.#replies.push({
          host: event.node.host,
          port: event.node.port,
          ok: event.ok,
          reply: event.reply,
        });
        break;
      case 'finished':
        this.#end(event);
        break;
    }
  }

  pause(): void {}

  #end({ ok, operation, outcome, slots, keys, tookMs }: Finished): void {
    if (this.#replies.length > 0) this.#document['replies'] = this.#replies;
    if (this.#files.length > 0) this.#document['files'] = this.#files;
    if (this.#notes.length > 0) this.#document['notes'] = this.#notes;
    if (this.#differing.length > 0) this.#document['differing'] = this.#differing;
    const moved = this.#movesSlots || operation === 'rebalance' ? { slots, keys } : {};
    const document = { ok, operation, outcome, ...moved, tookMs, ...this.#document };
    this.#session.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
}
