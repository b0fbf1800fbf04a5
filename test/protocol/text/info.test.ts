import { describe, expect, it } from 'vitest';
import { infoKeyCount, infoNumber, parseInfo } from '../../../src/protocol/text/info.ts';

const text =
  '# Replication\r\nrole:slave\r\nmaster_link_status:up\r\n\r\n# Keyspace\r\ndb0:keys=12,expires=1,avg_ttl=5\r\ndb3:keys=30,expires=0,avg_ttl=0\r\nodd:\r\n';

describe('INFO', () => {
  const fields = parseInfo(text);

  it('gives the value of each field', () => {
    expect(fields.get('role')).toBe('slave');
    expect(fields.get('odd')).toBe('');
    expect(fields.has('# Replication')).toBe(false);
  });

  it('counts keys over all databases', () => {
    expect(infoKeyCount(fields)).toBe(42);
    expect(infoKeyCount(parseInfo(''))).toBe(0);
  });

  it('knows what is no number', () => {
    expect(infoNumber(parseInfo('a:12\r\nb:1x\r\n'), 'a')).toBe(12);
    expect(infoNumber(parseInfo('a:12\r\nb:1x\r\n'), 'b')).toBeUndefined();
    expect(infoNumber(fields, 'missing')).toBeUndefined();
  });
});
