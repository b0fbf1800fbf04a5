import { describe, expect, it } from 'vitest';
import { goOnCommand } from '../../src/cli/go-on.ts';
import { tlsOf, tlsWords } from '../../src/cli/tls-flags.ts';
import type { Plan } from '../../src/plan/plan.ts';

const plan = { seed: { host: '127.0.0.1', port: 7000 } } as Plan;
const flags = { tls: true, insecure: true, cacert: '/my files/ca.crt', sni: 'node' };

describe('the command line that goes on', () => {
  it('has the flags with which the nodes are reached, fit for a shell', () => {
    expect(goOnCommand(plan, undefined, ['--user', "o'neill", ...tlsWords(flags, false)])).toBe(
      "trib resume 127.0.0.1:7000 --yes --user 'o'\\''neill' --tls --insecure --cacert '/my files/ca.crt' --sni node",
    );
    expect(goOnCommand(plan, 'plan.json', [])).toBe('trib apply plan.json --yes');
  });

  it('says --tls where a URL said it', () => {
    expect(tlsWords({ tls: false, insecure: false }, true)).toEqual(['--tls']);
    expect(tlsWords({ tls: false, insecure: false }, false)).toEqual([]);
  });

  it.each([
    [{ tls: false, insecure: true }, '--insecure is for TLS, and --tls is missing.'],
    [{ tls: false, insecure: false, sni: 'x' }, '--sni is for TLS, and --tls is missing.'],
    [{ tls: true, insecure: false, key: 'x' }, 'A certificate of ours takes --cert and --key, both.'],
  ])('refuses what does not go together: %j', async (given, message) => {
    await expect(tlsOf(given, false)).rejects.toThrow(message);
  });
});
