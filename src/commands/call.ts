/** Owns `trib call`: one command of Redis on every node. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { wholeNumber } from '../cli/flags.ts';

/** Flags of trib that are understood behind the node's address as well. */
const ownFlags = new Set([
  '--json',
  '--events',
  '--no-color',
  '--masters',
  '--only-masters',
  '--only-primaries',
  '--replicas',
  '--only-replicas',
  '--help',
]);

export class Call extends TribCommand {
  static override summary = 'Send a command to every node.';
  static override description =
    'Everything behind the address belongs to the command, apart from --json, --events, --no-color, --masters and --replicas; behind "--" these do too. All nodes are asked at once, so that one that hangs holds no other. Exits 1 when a node fails or replies an error.';
  static override usage = 'call HOST:PORT COMMAND [ARGUMENT...]';
  static override examples = [
    '<%= config.bin %> call 127.0.0.1:7000 config get maxmemory',
    '<%= config.bin %> call 127.0.0.1:7000 --masters dbsize',
  ];
  static override strict = false;
  static override flags = {
    masters: boolean({
      summary: 'Only the masters.',
      exclusive: ['replicas'],
      aliases: ['only-masters', 'only-primaries'],
    }),
    replicas: boolean({ summary: 'Only the replicas.', aliases: ['only-replicas'] }),
    timeout: wholeNumber({
      summary: 'How long a node may take to reply, 15 s by default; stands before the command.',
      helpValue: 'MS',
      min: 1,
      max: 2_147_483_647,
    }),
  };

  override async run(): Promise<void> {
    const { splitCall } = await import('../cli/split-call.ts');
    const { own, words } = splitCall(this.argv, ownFlags);
    const { flags } = await this.parse(Call, own);
    const { runCall } = await import('../cli/run-call.ts');
    await runCall(words, flags, (endpoints) => this.session(flags, endpoints));
  }
}
