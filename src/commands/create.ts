/** Owns `trib create`: a cluster out of separate, empty nodes, named on the command line or in a topology file. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags, wholeNumber } from '../cli/flags.ts';

export class Create extends TribCommand {
  static override summary = 'Make a cluster of empty nodes.';
  static override description =
    'Gives each master its share of the 16384 slots, introduces all nodes to each other, and makes the rest replicas, on other hosts than their masters where that can be. Nodes that have keys or company are refused. Returns when every node knows all of this; new masters serve clients some seconds later (their node timeout, at most 5 s): --wait waits for that too. With a topology file (docs/topology-file.md) in place of addresses, nodes get the roles, weights and zones that it gives them; where they are such a cluster already, nothing is changed.';
  static override usage = 'create HOST:PORT HOST:PORT HOST:PORT... [--replicas N] | create FILE';
  static override examples = [
    '<%= config.bin %> create 10.0.0.1:7000 10.0.0.2:7000 10.0.0.3:7000',
    '<%= config.bin %> create 127.0.0.1:7000 127.0.0.1:7001 127.0.0.1:7002 127.0.0.1:7003 127.0.0.1:7004 127.0.0.1:7005 --replicas 1 --yes',
    '<%= config.bin %> create cluster.yaml',
  ];
  static override strict = false;
  static override flags = {
    replicas: wholeNumber({
      summary: 'Replicas for each master; none without it.',
      helpValue: 'N',
      min: 0,
      max: 1000,
    }),
    wait: boolean({ summary: 'Return when clients are served and every replica has its link.' }),
    'allow-few-masters': boolean({
      summary: 'One or two masters will do; no replica can be elected when one of them fails.',
    }),
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Create);
    const { runCreate } = await import('../cli/run-create.ts');
    await runCreate(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
