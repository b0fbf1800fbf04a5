/** Owns `trib wait`: until a cluster is ready. */
import { option } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { wholeNumber } from '../cli/flags.ts';
import { conditions } from '../cluster/readiness.ts';

export class Wait extends TribCommand {
  static override summary = 'Wait until a cluster serves, is at one, or has its replicas up to date.';
  static override description =
    '"ok": every node serves clients, and every slot has a master. "converged": all nodes know each other, and agree about slots and roles. "replicas": every replica has its link, and all that its master had when the wait began. Several are waited for together. Nodes that are not there yet are waited for, too. Exits 6 with what is missing when the time is over.';
  static override usage = 'wait HOST:PORT [--for CONDITION] [--timeout MS]';
  static override examples = [
    '<%= config.bin %> wait 127.0.0.1:7000',
    '<%= config.bin %> wait 127.0.0.1:7000 --for converged --for replicas --timeout 30000',
  ];
  static override strict = false;
  static override flags = {
    for: option({
      summary: 'ok, converged or replicas; may be given several times.',
      helpValue: 'CONDITION',
      options: conditions,
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      default: ['ok'],
    })(),
    timeout: wholeNumber({
      summary: 'How long to wait.',
      helpValue: 'MS',
      min: 0,
      max: 2_147_483_647,
      default: 60_000,
    }),
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Wait);
    const { runWait } = await import('../cli/run-wait.ts');
    await runWait(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
