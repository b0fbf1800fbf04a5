import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterHelp } from '../../../src/cli/dialects/help.ts';
import { isRedisCli, translateRedisCli } from '../../../src/cli/dialects/redis-cli.ts';
import { clusterOptions } from '../../../src/cli/dialects/redis-cli-table.ts';

const wordsOf = (line: string): string[] => line.split(' ').filter((word) => word !== '');
const translated = (line: string): string => translateRedisCli(wordsOf(line)).argv.join(' ');

describe('the dialect of redis-cli', () => {
  it.each([
    ['--cluster create a:1 b:2 c:3', 'create a:1 b:2 c:3'],
    ['--cluster create a:1 b:2 --cluster-replicas 1 --cluster-yes', 'create --replicas=1 --yes a:1 b:2'],
    ['--cluster create --cluster-replicas 1 a:1 b:2', 'create --replicas=1 a:1 b:2'],
    ['--cluster-yes --cluster create a:1 b:2', 'create --yes a:1 b:2'],
    ['--cluster check a:1', 'check a:1'],
    ['--cluster check a 1 --cluster-search-multiple-owners', 'check --search-multiple-owners a 1'],
    ['-a pw --cluster info a:1', 'info --pass=pw a:1'],
    ['--cluster fix a:1', 'fix --yes a:1'],
    [
      '--cluster fix a:1 --cluster-search-multiple-owners --cluster-fix-with-unreachable-masters',
      'fix --yes --search-multiple-owners --fix-with-unreachable-masters a:1',
    ],
    [
      '--cluster reshard a:1 --cluster-from x,y --cluster-to z --cluster-slots 100 --cluster-yes',
      'reshard --from=x,y --to=z --slots=100 --yes a:1',
    ],
    [
      '--cluster reshard a:1 --cluster-timeout 5 --cluster-pipeline 7 --cluster-replace',
      'reshard --timeout=5 --pipeline=7 --replace a:1',
    ],
    [
      '--cluster rebalance --cluster-weight x=1 y=2.5 --cluster-use-empty-masters a:1',
      'rebalance --yes --use-empty-masters --weight=x=1 --weight=y=2.5 a:1',
    ],
    ['--cluster rebalance --cluster-weight x=1 a:1', 'rebalance --yes --weight=x=1 a:1'],
    ['--cluster-weight x=1 --cluster rebalance a:1', 'rebalance --yes --weight=x=1 a:1'],
    [
      '--cluster rebalance a 1 --cluster-simulate --cluster-threshold 1.5',
      'rebalance --yes --simulate --threshold=1.5 a 1',
    ],
    ['--cluster add-node n:2 a:1', 'add-node --yes n:2 a:1'],
    ['--cluster add-node n:2 a:1 --cluster-master-id x', 'add-node --yes n:2 a:1'],
    [
      '--cluster add-node n:2 a:1 --cluster-slave --cluster-master-id x',
      'add-node --yes --replica --master-id=x n:2 a:1',
    ],
    ['--cluster del-node a:1 x', 'del-node --yes a:1 x'],
    ['--cluster call a:1 config get save', 'call a:1 -- config get save'],
    ['--cluster call a:1 ping --cluster-only-masters', 'call --masters a:1 -- ping'],
    ['--cluster-only-replicas --cluster call a:1 ping', 'call --replicas a:1 -- ping'],
    ['--cluster set-timeout a:1 2000', 'set-timeout --yes a:1 2000'],
    [
      '--cluster import a:1 --cluster-from s:1 --cluster-copy --cluster-replace',
      'import --yes --from=s:1 --copy --replace a:1',
    ],
    [
      '--cluster import a:1 --cluster-from s:1 --cluster-from-user u --cluster-from-pass p --cluster-from-askpass',
      'import --yes --from=s:1 --from-user=u --from-pass=p --from-askpass a:1',
    ],
    ['--cluster backup a:1 /tmp/x', 'backup a:1 /tmp/x'],
  ])('%s', (line, expected) => {
    expect(isRedisCli(wordsOf(line))).toBe(true);
    expect(translated(line)).toBe(expected);
  });

  it.each([
    ['--pass p --user u --cluster check a:1', 'check --pass=p --user=u a:1'],
    ['--cluster check a:1 --askpass --no-auth-warning', 'check --askpass a:1'],
    ['--cluster check -p 7000', 'check 127.0.0.1:7000'],
    ['-h ::1 -p 7000 --cluster check', 'check [::1]:7000'],
    ['-h elsewhere -p 1 --cluster check a:1', 'check a:1'],
    ['-u redis://u:p%40@h:7/0 --cluster check', 'check --pass=p@ --user=u h:7'],
    ['-u rediss://:p@h:7 --cluster check a:1', 'check --tls --pass=p a:1'],
    [
      '--tls --cacert ca --cacertdir d --cert c --key k --sni n --insecure --cluster check a:1',
      'check --tls --cacert=ca --cacertdir=d --cert=c --key=k --sni=n --insecure a:1',
    ],
    [
      '--tls --tls-ciphers A:B --tls-ciphersuites C --cluster check a:1',
      'check --tls --tls-ciphers=A:B --tls-ciphersuites=C a:1',
    ],
    ['--cluster check a:1 --verbose --no-raw --raw -c -e -2 -3 -4 -6 --mono', 'check a:1'],
    ['-n 2 -r 3 -i 1 -d x -D y --show-pushes no --cluster check a:1', 'check a:1'],
    ['--cluster check a:1 --json', 'check --json a:1'],
    ['--cluster check a:1 -a one -a two', 'check --pass=two a:1'],
    // What other commands take has no meaning here.
    ['--cluster create a:1 b:1 --cluster-only-replicas --cluster-slots 5', 'create a:1 b:1'],
    ['--cluster check a:1 --cluster-yes --cluster-replicas 1', 'check a:1'],
  ])('understands how nodes are reached: %s', (line, expected) => {
    expect(translated(line)).toBe(expected);
  });

  it.each([
    ['--cluster add-node n:2 a:1 --cluster-replica --cluster-primary-id x', '--replica --master-id=x'],
    ['--cluster call a:1 ping --cluster-only-primaries', '--masters'],
    ['--cluster rebalance a:1 --cluster-use-empty-primaries', '--use-empty-masters'],
    ['--cluster fix a:1 --cluster-fix-with-unreachable-primaries', '--fix-with-unreachable-masters'],
  ])("understands Valkey's spelling: %s", (line, expected) => {
    expect(translated(line)).toContain(expected);
  });

  it('takes an argument from standard input with -x, and in the place of a tag with -X', () => {
    expect(translateRedisCli(wordsOf('-x --cluster call a:1 set k'))).toEqual({
      argv: ['call', 'a:1', '--', 'set', 'k', ''],
      inputAt: 5,
    });
    expect(translateRedisCli(wordsOf('-X T --cluster call a:1 set T x'))).toEqual({
      argv: ['call', 'a:1', '--', 'set', 'T', 'x'],
      inputAt: 4,
    });
    expect(translateRedisCli(wordsOf('-x --cluster check'))).toEqual({ argv: ['check', ''], inputAt: 1 });
  });

  it.each([
    ['--cluster', 'Which --cluster command?'],
    ['--cluster nonsense a:1', 'Unknown --cluster subcommand "nonsense".'],
    ['--cluster constructor a:1', 'Unknown --cluster subcommand "constructor".'],
    ['--cluster check', 'Wrong number of arguments'],
    ['--cluster del-node a:1', 'Wrong number of arguments'],
    ['--cluster add-node a:1 b:1 c:1', 'Wrong number of arguments'],
    ['--cluster import a 1', 'Wrong number of arguments'],
    ['--cluster check --cluster fix a:1', '--cluster stands twice'],
    ['--cluster check a:1 --nonsense', "'--nonsense'"],
    ['--cluster check a:1 --passwd=hunter2', "'--passwd'"],
    ['--cluster check a:1 -a', "'-a'"],
    ['--cluster create a:1 b:1 --cluster-yes c:1', 'side by side'],
    ['--cluster rebalance a:1 --cluster-weight x=1 --cluster-weight y=1', '--cluster-weight stands twice'],
    ['-X T --cluster call a:1 ping', 'The tag of -X'],
    ['-u redis://:hunter2@h:port --cluster check', 'redis://***@h:port'],
  ])('refuses %s', (line, message) => {
    const attempt = (): unknown => translateRedisCli(wordsOf(line));
    expect(attempt).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow('hunter2');
  });

  it.each([
    'check a:1',
    'call a:1 --cluster x',
    'call a:1 set --cluster check',
    '--version',
    '--nonsense --cluster check a:1',
    '-a --cluster',
  ])('leaves alone what is not redis-cli: %s', (line) => {
    expect(isRedisCli(wordsOf(line))).toBe(false);
  });

  it('understands options before --cluster as behind the arguments', () => {
    const options = Object.entries(clusterOptions).map(([name, { valued }]) =>
      valued ? [`--cluster-${name}`, '5'] : [`--cluster-${name}`],
    );
    const commands = [
      'reshard a:1',
      'rebalance a 1',
      'create a:1 b:1',
      'import a:1',
      'fix a:1',
      'call a:1 ping',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...commands),
        fc.uniqueArray(fc.constantFrom(...options), { selector: ([name]) => name ?? '' }),
        (command, chosen) => {
          const around = ['--cluster', ...command.split(' ')];
          const before = translateRedisCli([...chosen.flat(), ...around]);
          expect(translateRedisCli([...around, ...chosen.flat()])).toEqual(before);
          expect(isRedisCli([...chosen.flat(), ...around])).toBe(true);
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });

  it('wants help', async () => {
    await expect(clusterHelp()).toMatchFileSnapshot('../../transcripts/cluster-help.txt');
    for (const line of [
      '--cluster help',
      '--cluster help me',
      '--cluster check --help',
      '--cluster check -h',
    ]) {
      expect(translateRedisCli(wordsOf(line)).argv).toEqual([]);
    }
    for (const name of ['create', 'import', 'backup'])
      expect(clusterHelp()).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    for (const [name, { valued }] of Object.entries(clusterOptions)) {
      expect(clusterHelp()).toContain(`--cluster-${name}${valued ? ' <arg>' : ''}\n`);
    }
  });
});
