import type { Random } from '../core/random.ts';
import type { Replication } from './parts.ts';
export function standaloneReplication(random: Random): Replication {
  return {
    role: 'master', master: undefined, linkUp: false, replicationId: random.hex(40), secondReplicationId: '0'.repeat(40),
    offset: 0, replicas: [], masterLastIoMs: 0, loading: false, follow() {}, service: undefined as never, infoLines: () => [], roleReply: () => '', close() {},
  };
}
