/**
 * Owns what is different where a command line was written for redis-trib.rb. Its commands and options are trib's own, and
 * it asks before it creates and reshards only: so its other commands ask on a terminal, and go ahead in a script.
 * Source: redis-trib.rb of Redis 4.0.
 */

/** Of redis-trib.rb, and without a question there. */
const neverAsking = ['fix', 'rebalance', 'add-node', 'del-node', 'set-timeout', 'import'];

/** Answered already; or of trib alone, so that no such script has it. */
const answers = ['--yes', '--dry-run', '--simulate', '--help', '--drain'];

/** `canAsk`: somebody sits at a terminal. */
export function translateRedisTrib(words: readonly string[], canAsk: boolean): readonly string[] {
  const [name = '', ...rest] = words;
  if (canAsk || !neverAsking.includes(name) || rest.some((word) => answers.includes(word))) return words;
  return [name, '--yes', ...rest];
}
