/** Owns `trib rebalance`: every master comes to its share of slots, keys or memory. */
import { boolean, string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { decimalNumber, planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';
import { balanceUnits } from '../plan/plan.ts';

export class Rebalance extends TribCommand {
  static override summary = 'Give every master its share of slots, keys or memory.';
  static override description =
    'Shares go by weight; a master that is not named weighs 1, and one of weight 0 loses all its slots. Nothing is moved while all masters are within the threshold. By slots, every master then comes to its share, as with redis-cli; by keys (CLUSTER COUNTKEYSINSLOT of every slot) or memory (sampled: MEMORY USAGE of up to 16 keys of every slot, times its keys), as little is moved as brings all within the threshold. Slots move in long ranges. Before that, it is waited for until every node knows every other, so that a master that was just added is seen. Asks on a terminal only, since redis-cli never does.';
  static override usage = 'rebalance HOST:PORT';
  static override examples = [
    '<%= config.bin %> rebalance 127.0.0.1:7000 --use-empty-masters',
    '<%= config.bin %> rebalance 127.0.0.1:7000 --simulate',
    '<%= config.bin %> rebalance 127.0.0.1:7000 --weight 5b2c=2 --weight 10a4=0',
    '<%= config.bin %> rebalance 127.0.0.1:7000 --by memory --threshold 10',
  ];
  static override strict = false;
  static override flags = {
    weight: string({
      summary: 'Weight of a master, 0 or more.',
      helpValue: 'NODE=NUMBER',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    by: string({
      summary: 'What is shared out: slots, keys or memory.',
      options: [...balanceUnits],
      default: 'slots',
      helpValue: 'UNIT',
    }),
    threshold: decimalNumber({
      summary: 'How far a master may be from its share, in percent.',
      helpValue: 'PERCENT',
      min: 0,
      max: 100,
      default: 2,
    }),
    'use-empty-masters': boolean({ summary: 'Masters without slots get some too.' }),
    simulate: boolean({ summary: 'Show what would be moved and change nothing; the same as --dry-run.' }),
    'auto-weights': boolean({ summary: 'Accepted as redis-trib.rb has it: weights are 1 unless given.' }),
    ...moveFlags,
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Rebalance);
    const { runRebalance } = await import('../cli/run-rebalance.ts');
    const by = balanceUnits.find((unit) => unit === flags.by) ?? 'slots';
    await runRebalance(this.wordsOf(raw), { ...flags, by }, (endpoints) => this.session(flags, endpoints));
  }
}
