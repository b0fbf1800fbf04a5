import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, trib } from '../helpers/run.ts';

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const note = (shell: string): string => (has(shell) ? '' : ` (skipped: ${shell} is not installed)`);

let dir: string;
const scripts = new Map<string, string>();
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trib-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await trib(['completion', shell]);
    expect(code).toBe(0);
    scripts.set(shell, stdout);
    writeFileSync(join(dir, shell), stdout);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!has('bash'))(`completion in bash${note('bash')}`, () => {
  /** What bash offers at the end of the line, with the words as bash splits them. */
  const offered = async (line: string): Promise<string[]> => {
    const program = [
      `source ${join(dir, 'bash')}`,
      'complete -p trib >/dev/null || exit 9',
      `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))`,
      '_trib',
      `printf "%s\\n" "\${COMPREPLY[@]}"`,
    ];
    const ran = await run('bash', ['--norc', '-c', program.join('\n')], { cwd: dir });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    return ran.stdout.split('\n').filter((word) => word !== '');
  };

  it('offers commands', async () => {
    expect(await offered('trib ch')).toEqual(['check']);
    expect(await offered('trib re')).toEqual(expect.arrayContaining(['reshard', 'resume']));
    const all = await offered("trib ''");
    expect(all).toEqual(expect.arrayContaining(['call', 'check', 'create', 'help', 'reshard', 'up']));
  });

  it('offers the flags of the command, and no other', async () => {
    expect(await offered('trib reshard --sl')).toEqual(['--slots']);
    expect(await offered('trib check --sl')).toEqual([]);
    expect(await offered('trib check --cacert')).toEqual(['--cacert', '--cacertdir']);
  });

  it('offers the values of a flag or an argument', async () => {
    expect(await offered("trib up --engine ''")).toEqual(['bundled', 'redis-server']);
    expect(await offered('trib up --engine = red')).toEqual(['redis-server']);
    expect(await offered('trib up --engine =')).toEqual(['bundled', 'redis-server']);
    expect(await offered('trib completion f')).toEqual(['fish']);
  });

  it('offers files and folders where a flag takes one', async () => {
    expect((await offered("trib check --cacert ''")).sort()).toEqual(['bash', 'fish', 'zsh']);
    expect(await offered("trib check --cacertdir ''")).toEqual([]);
  });
});

describe('the other shells', () => {
  it('says for each what it completes', () => {
    expect(scripts.get('zsh')).toMatch(/^#compdef trib\n/);
    expect(scripts.get('zsh')).toContain("'--engine=[What each node is.]:value:(bundled redis-server)'");
    expect(scripts.get('fish')).toContain(
      "complete -c trib -n __fish_use_subcommand -a check -d 'Look for problems of a cluster.'",
    );
    expect(scripts.get('fish')).toMatch(
      /__fish_seen_subcommand_from up' -l engine -d '.*' -x -a 'bundled redis-server'\n/,
    );
  });

  for (const shell of ['zsh', 'fish']) {
    it.skipIf(!has(shell))(`${shell} reads its script without a complaint${note(shell)}`, async () => {
      const ran = await run(shell, ['-n', join(dir, shell)]);
      expect([ran.code, ran.stderr]).toEqual([0, '']);
    });
  }

  it.each([[[]], [['tcsh']], [['bash', 'zsh']]])('refuses %j', async (words) => {
    const ran = await trib(['completion', ...words]);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain('See: trib completion --help');
  });
});
