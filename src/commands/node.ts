/** Owns `trib node`: everything behind it belongs to the node, which is started as redis-server is. */
import { Command } from '@oclif/core/command';

export class Node extends Command {
  static override summary = 'Run a node: a Redis Cluster server.';
  static override description =
    'Started as redis-server is: an optional redis.conf (or - for standard input), then any directive of it as a flag. bin/trib-node does the same and starts faster.';
  static override usage = 'node [redis.conf | -] [--directive value ...]';
  static override examples = [
    '<%= config.bin %> node --port 7000 --cluster-enabled yes --dir /var/lib/node',
    '<%= config.bin %> node /etc/redis.conf --loglevel verbose',
  ];
  static override strict = false;

  override async run(): Promise<void> {
    // The node has a parser of its own.
    this.parsed = true;
    const { main } = await import('../node/main.ts');
    await main(this.argv);
  }
}
