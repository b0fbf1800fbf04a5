/** Owns `trib up`: a whole cluster on this machine in one command. */
import { boolean, integer, string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';

export class Up extends TribCommand {
  static override summary = 'Start a whole cluster on this machine.';
  static override description =
    'Starts the nodes, each a process of its own on 127.0.0.1, and makes a cluster of them. It is ready when every node agrees on all 16384 slots, serves clients, and every replica has its link. Without --detach it stays, and takes the cluster down when it is ended. The nodes hold their data in memory, and nothing of them is left after that, unless --keep is given.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --detach --port 0 --json',
    '<%= config.bin %> <%= command.id %> --masters 5 --replicas 2 --port 30001',
    '<%= config.bin %> <%= command.id %> --engine redis-server --dir ./cluster',
    '<%= config.bin %> <%= command.id %> --keep --dir ./cluster --detach',
  ];
  static override flags = {
    masters: integer({ summary: 'How many masters.', default: 3, min: 3, helpValue: 'N' }),
    replicas: integer({ summary: 'How many replicas each master gets.', default: 1, min: 0, helpValue: 'N' }),
    port: integer({
      summary: 'Port of the first node, the others follow; 0 takes free ones.',
      default: 7000,
      min: 0,
      max: 65535,
      helpValue: 'PORT',
    }),
    engine: string({
      summary: 'What each node is.',
      options: ['bundled', 'redis-server'],
      default: 'bundled',
    }),
    dir: string({ summary: "Folder for the nodes' files; one of your own by default.", helpValue: 'DIR' }),
    keep: boolean({
      summary:
        'Write all data to append only files, and keep them when the cluster is taken down: the next trib up with this --dir starts the same nodes again, all or those that have ended.',
      dependsOn: ['dir'],
    }),
    detach: boolean({ char: 'd', summary: 'Return when the cluster is ready; trib down ends it.' }),
    'node-timeout': integer({
      summary: 'cluster-node-timeout of the nodes, in ms.',
      default: 5000,
      min: 500,
      helpValue: 'MS',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Up);
    const { runUp } = await import('../cli/local/run-up.ts');
    await runUp(await this.session(flags, []), {
      masters: flags.masters,
      replicas: flags.replicas,
      firstPort: flags.port,
      engine: flags.engine === 'redis-server' ? 'redis-server' : 'bundled',
      dir: flags.dir,
      nodeTimeoutMs: flags['node-timeout'],
      keep: flags.keep,
      detach: flags.detach,
    });
  }
}
