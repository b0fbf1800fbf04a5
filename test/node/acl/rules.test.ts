import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandIndex } from '../../../src/node/acl/command-index.ts';
import { userLine } from '../../../src/node/acl/describe.ts';
import { applyRule, mergeSelectors } from '../../../src/node/acl/rules.ts';
import { User } from '../../../src/node/acl/user.ts';
import { readAclFile, type UserTable } from '../../../src/node/acl/user-table.ts';
import { type Command, createCommandTable } from '../../../src/node/command/table.ts';
import { allRows } from '../../../src/node/commands/rows.ts';

const table = createCommandTable(allRows);
const settings = { commands: new CommandIndex(table.rows), allChannels: false, warn: () => {} };

function userWith(...words: string[]): User {
  const user = new User('ann', settings.commands, settings.allChannels);
  const merged = mergeSelectors(words);
  if ('unmatched' in merged) throw new Error(`no end of ${merged.unmatched}`);
  for (const rule of merged.rules) {
    const refusal = applyRule(user, rule, settings);
    if (refusal !== undefined) throw new Error(`${rule}: ${refusal}`);
  }
  user.settle();
  return user;
}

function denial(user: User, ...argv: string[]): string {
  const found = user.denial(table.lookup(argv) as Command, argv);
  return found === undefined ? 'allowed' : `${found.reason} ${found.index}`;
}

const commandNames = settings.commands.all.map(({ fullName }) => fullName);
const category = fc.constantFrom(
  'read',
  'write',
  'string',
  'keyspace',
  'fast',
  'slow',
  'admin',
  'dangerous',
  'all',
);
const commandRule = fc.oneof(
  fc.tuple(fc.constantFrom('+', '-'), fc.constantFrom(...commandNames)).map(([sign, name]) => sign + name),
  fc.tuple(fc.constantFrom('+@', '-@'), category).map(([sign, name]) => sign + name),
  fc.constantFrom('+select|0', '+select|1', '+debug|sleep'),
);
const patternRule = fc
  .tuple(fc.constantFrom('~', '%R~', '%W~', '%RW~', '&'), fc.constantFrom('a*', 'b?', '[x-z]', ''))
  .map(([sign, pattern]) => sign + pattern);
const selectorRules = fc.array(fc.oneof(commandRule, patternRule), { maxLength: 12 });
const userRules = fc.tuple(
  fc.subarray(['on', 'nopass', '>one', '>two', 'sanitize-payload', 'skip-sanitize-payload']),
  selectorRules,
  fc.array(
    selectorRules.map((rules) => `(${rules.join(' ')})`),
    { maxLength: 2 },
  ),
);

describe('the text of a user', () => {
  it('makes the same user again', () => {
    fc.assert(
      fc.property(userRules, ([flags, root, selectors]) => {
        const user = userWith(...flags, ...root, ...selectors);
        const line = userLine(user);
        const again = (readAclFile(line, 'users.acl', settings) as UserTable).get('ann') as User;
        expect(userLine(again)).toBe(line);
        for (const [i, selector] of user.selectors.entries()) {
          const other = again.selectors[i];
          for (const command of settings.commands.all) {
            expect(other?.commands.has(command)).toBe(selector.commands.has(command));
            if (!selector.commands.has(command))
              expect(other?.commands.firstArgumentsOf(command)).toEqual(
                selector.commands.firstArgumentsOf(command),
              );
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('what a user may do', () => {
  it('takes commands, subcommands and first arguments apart', () => {
    const user = userWith('+get', '+config|get', '+select|0', '+@hash', '-hdel', 'allkeys');
    expect(denial(user, 'GET', 'k')).toBe('allowed');
    expect(denial(user, 'config', 'get', 'port')).toBe('allowed');
    expect(denial(user, 'config', 'set', 'port', '1')).toBe('command 0');
    expect(denial(user, 'select', '0')).toBe('allowed');
    expect(denial(user, 'select', '1')).toBe('command 0');
    expect(denial(user, 'hset', 'k', 'f', 'v')).toBe('allowed');
    expect(denial(user, 'hdel', 'k', 'f')).toBe('command 0');
    expect(denial(user, 'auth', 'x')).toBe('allowed');
  });

  it('asks for reading and writing of each key', () => {
    const user = userWith('+@all', '%R~r*', '%W~w*', '~both*');
    expect(denial(user, 'get', 'r1')).toBe('allowed');
    expect(denial(user, 'get', 'w1')).toBe('key 1');
    expect(denial(user, 'set', 'w1', 'v')).toBe('allowed');
    expect(denial(user, 'set', 'w1', 'v', 'GET')).toBe('key 1');
    expect(denial(user, 'set', 'both', 'v', 'GET')).toBe('allowed');
    expect(denial(user, 'copy', 'r1', 'w1')).toBe('allowed');
    expect(denial(user, 'copy', 'r1', 'r2')).toBe('key 2');
    expect(denial(user, 'eval', 'return 1', '2', 'both', 'r1')).toBe('key 4');
    expect(denial(user, 'ping')).toBe('allowed');
  });

  it('asks for channels, patterns word for word', () => {
    const user = userWith('+@all', '&news.*');
    expect(denial(user, 'publish', 'news.a', 'm')).toBe('allowed');
    expect(denial(user, 'publish', 'other', 'news.a')).toBe('channel 1');
    expect(denial(user, 'subscribe', 'news.a', 'other')).toBe('channel 2');
    expect(denial(user, 'psubscribe', 'news.*')).toBe('allowed');
    expect(denial(user, 'psubscribe', 'news.a*')).toBe('channel 1');
    expect(denial(user, 'unsubscribe', 'other')).toBe('allowed');
    expect(denial(user, 'ssubscribe', 'other')).toBe('channel 1');
  });

  it('needs one selector that allows all of it, and tells of the one that came closest', () => {
    const user = userWith('+get', '~a*', '(+set', '~b*)', '(+mset', '~x', '~y)');
    expect(denial(user, 'set', 'b', '1')).toBe('allowed');
    expect(denial(user, 'set', 'a', '1')).toBe('key 1');
    expect(denial(user, 'mset', 'x', '1', 'z', '1')).toBe('key 3');
    expect(denial(user, 'del', 'a')).toBe('command 0');
  });

  it('is everything only while nothing was taken away', () => {
    expect(userWith('+@all', '~*', '&*').unrestricted).toBe(true);
    expect(userWith('+@all', '~*', '&*', '-get').unrestricted).toBe(false);
    expect(userWith('+@all', '~*', '&*', '-get', '+get').unrestricted).toBe(false);
    expect(userWith('+get', '(+@all ~* &*)').unrestricted).toBe(true);
  });
});

describe('an ACL file', () => {
  it('is refused as a whole, with everything that is wrong', () => {
    const text = 'user a on >secret\n\nuser a on\nuser b +no >x <y !z\nno user\nuser c (+get\n';
    expect(readAclFile(text, 'f.acl', settings)).toBe(
      "WARNING: Duplicate user 'a' found on line 3. " +
        "f.acl:4: Error in applying operation '+no': Unknown command or category name in ACL. " +
        'f.acl:4: The password you are trying to remove from the user does not exist. ' +
        'f.acl:5 should start with user keyword followed by the username. ' +
        'f.acl:6: Unmatched parenthesis in selector definition.',
    );
  });

  it('may be any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(['string', 'object']).toContain(typeof readAclFile(`user x ${text}`, 'f.acl', settings));
      }),
    );
  });
});
