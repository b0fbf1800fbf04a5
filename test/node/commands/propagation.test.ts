import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, type Pair, startPair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { WriteStream } from '../../helpers/write-stream.ts';

const FAR = '99999999999999';

/** What is sent to the servers; commands before it prepare, unseen. */
const scripts: Record<string, { before?: readonly Command[]; sent: readonly Command[] }> = {
  'SET as it came, or with an absolute time': {
    sent: [
      'set a 1',
      'SET a 2 NX',
      'SET b 2 nx',
      'SET a 3 XX GET',
      'SET a 3 get GET keepttl',
      'SET a 4 EX 100',
      'SET a 4 PX 100000 GET',
      `SET a 4 PXAT ${FAR}`,
      'SET a 4 KEEPTTL',
      'SET none 1 XX',
      'SETEX a 100 v',
      'PSETEX a 100000 v',
      'SETNX a 1',
      'SETNX c 1',
      'GETSET c 2',
      'getset new 2',
    ],
  },
  'reads that change something': {
    before: ['SET a 1', 'SET b 1', 'SET c 1', 'SET d 1'],
    sent: [
      'GETEX a',
      'GETEX a EX 100',
      `GETEX a PXAT ${FAR}`,
      'GETEX a PERSIST',
      'GETEX a PERSIST',
      'GETEX b PXAT 1',
      'GETEX c EXAT 1',
      'GETDEL d',
      'GETDEL d',
    ],
  },
  'changes of a value': {
    sent: [
      'MSET a 1 b 2',
      'MSETNX a 1 c 2',
      'MSETNX c 1 d 2',
      'APPEND a x',
      'SETRANGE b 3 y',
      ['SETRANGE', 'b', 3, ''],
      'INCR c',
      'INCRBY c 5',
      'decrby c 2',
      'INCR a',
      'INCRBYFLOAT c 0.5',
      'INCRBYFLOAT f 1e2',
      'SETBIT bits 7 1',
      'SETBIT bits 7 1',
      'SETBIT bits 7 0',
      'BITFIELD bits GET u8 0',
      'BITFIELD bits SET u8 0 0',
      'BITFIELD bits SET u8 0 9',
      'BITOP NOT t bits',
      'BITOP AND t none',
      'BITOP AND t none',
    ],
  },
  'times to live': {
    before: ['MSET a 1 b 1 c 1 d 1'],
    sent: [
      'EXPIRE a 100',
      'pexpire a 100000',
      'EXPIREAT a 99999999999',
      `pexpireat a ${FAR}`,
      'EXPIRE a 100 XX',
      'EXPIRE a 100 NX',
      'PERSIST a',
      'PERSIST a',
      'EXPIRE b 0',
      'EXPIREAT c 1',
      'PEXPIREAT d -1',
      'EXPIRE none 10',
    ],
  },
  'keys that come and go': {
    before: ['MSET a 1 b 1 c 1 d 1'],
    sent: [
      'DEL none',
      'DEL a none',
      'UNLINK b',
      'RENAME c a',
      'RENAME a a',
      'RENAMENX a d',
      'RENAMENX a e',
      'COPY e f',
      'COPY e f',
      'COPY e f REPLACE',
      'COPY e f DB 1',
      'MOVE f 2',
      'MOVE f 2',
      'TOUCH e',
      'EXISTS e',
      'OBJECT ENCODING e',
    ],
  },
  'expired keys that are read, overwritten, or in the way': {
    before: [
      'DEBUG SET-ACTIVE-EXPIRE 0',
      ...[...'abcdefghi'].map((key) => `SET ${key} 1 PX 1`),
      'DEBUG SLEEP 0.01',
    ],
    sent: [
      'GET a',
      'SET b 2',
      'DEL c',
      'INCR d',
      'EXISTS e none',
      'SET f 1 NX',
      'SCAN 0 COUNT 100',
      'DEBUG SET-ACTIVE-EXPIRE 1',
    ],
  },
  'expired keys that are to be freed lazily': {
    before: [
      'DEBUG SET-ACTIVE-EXPIRE 0',
      'CONFIG SET lazyfree-lazy-expire yes',
      ...[...'abc'].map((key) => `SET ${key} 1 PX 1`),
      'DEBUG SLEEP 0.01',
    ],
    sent: [
      'GET a',
      'SET b 2',
      'EXPIRE b -1',
      'SCAN 0 COUNT 100',
      'CONFIG SET lazyfree-lazy-expire no',
      'DEBUG SET-ACTIVE-EXPIRE 1',
    ],
  },
  hashes: {
    sent: [
      'HSET h a 1 b 2',
      'HMSET h a 1',
      'HSETNX h a 2',
      'HSETNX h c 3',
      'hset h a',
      'HDEL h none',
      'HDEL h c none',
      'HINCRBY h a 5',
      'HINCRBY h a x',
      'HINCRBYFLOAT h b 0.25',
      'hincrbyfloat h new 1e2',
      'HGETALL h',
      'HRANDFIELD h',
      'HSCAN h 0',
      'HDEL h a b new',
    ],
  },
  sets: {
    before: ['SADD one 1', 'SADD more 1 2 3', 'SADD x 1 2', 'SADD y 2 3', 'SADD pair 5 5'],
    sent: [
      'SADD s 1 2',
      'SADD s 1 2',
      'SADD s 2 3',
      'SREM s 9',
      'SREM s 1 9',
      'SPOP pair',
      'SPOP one 0',
      'SPOP one',
      'SPOP one',
      'SPOP more 5',
      'SPOP none 5',
      'SRANDMEMBER s',
      'SMOVE x y 9',
      'SMOVE x y 2',
      'SMOVE x y 1',
      'SINTERSTORE t s y',
      'SINTERSTORE t s none',
      'SINTERSTORE t s none',
      'SUNIONSTORE t s y',
      'SDIFFSTORE t s s',
      'SSCAN s 0',
      'SREM s 2 3',
    ],
  },
  lists: {
    before: ['RPUSH a 1 2 3 4 5 6 7 8 9', 'RPUSH one 1'],
    sent: [
      'lpush l a b',
      'RPUSHX none a',
      'LPUSHX l c',
      'LPOP l',
      'LPOP none',
      'LPOP l 0',
      'RPOP l 5',
      'LSET a 0 x',
      'LINSERT a BEFORE 3 y',
      'LINSERT a BEFORE none y',
      'LREM a 0 none',
      'LREM a 1 3',
      'LTRIM a 0 100',
      'LTRIM a 0 6',
      'LMOVE a b LEFT RIGHT',
      'LMOVE none b LEFT RIGHT',
      'RPOPLPUSH a b',
      'LMPOP 2 none a LEFT COUNT 2',
      'LMPOP 1 none LEFT',
      'BLPOP none a 0',
      'BRPOP a 0',
      'BLMOVE a b LEFT RIGHT 0',
      'BRPOPLPUSH b a 0',
      'BLMPOP 0 1 a LEFT COUNT 9',
      'BLPOP one 0',
      'BLPOP none 0.001',
    ],
  },
  'sorted sets': {
    before: ['ZADD a 1 a 2 b 3 c 4 d 5 e 6 f 7 g', 'ZADD b 1 a'],
    sent: [
      'zadd z 1 a',
      'ZADD z 1 a',
      'ZADD z NX 2 a',
      'ZADD z INCR 2 a',
      'ZADD z XX 2 none',
      'ZADD z GT 1 a',
      'ZINCRBY z 1.5 a',
      'ZREM z none',
      'ZREM z a',
      'ZREMRANGEBYSCORE a 100 200',
      'ZREMRANGEBYSCORE a 7 7',
      'ZREMRANGEBYRANK a 0 0',
      'ZREMRANGEBYLEX b [a [a',
      'ZPOPMIN a',
      'ZPOPMAX a 1',
      'ZPOPMAX a 0',
      'ZPOPMIN none',
      'ZMPOP 2 none a MIN COUNT 1',
      'BZPOPMIN none a 0',
      'BZMPOP 0 1 a MAX COUNT 5',
      'ZADD y 1 a 2 b',
      'ZRANGESTORE t y 0 0',
      'ZRANGESTORE t none 0 0',
      'ZRANGESTORE t none 0 0',
      'ZUNIONSTORE t 1 y',
      'ZINTERSTORE t 2 y none',
      'ZDIFFSTORE t 1 none',
      'BZPOPMAX y 0',
      'ZSCAN y 0',
      'BZPOPMAX none 0.001',
    ],
  },
  streams: {
    before: [
      ...[1, 2, 3, 4, 5].map((n) => `XADD k ${n}-0 n ${n}`),
      ...Array.from({ length: 250 }, (_, n) => `XADD long ${n + 1}-0 n ${n}`),
    ],
    sent: [
      'xadd s 1-1 a 1',
      'XADD s 1-* a 1',
      'XADD s * a 1',
      'XADD s NOMKSTREAM 9999999999999 a 1',
      'XADD none NOMKSTREAM * a 1',
      'XADD s MAXLEN 2 99999999999999-1 a 1',
      'XADD s MAXLEN ~ 2 99999999999999-2 a 1',
      'XADD s MAXLEN 2 99999999999999-* a 1',
      'XADD long MAXLEN ~ 130 LIMIT 150 * a 1',
      'XADD long MINID ~ 199 LIMIT 0 * a 1',
      'XTRIM long MAXLEN ~ 50',
      'XTRIM long MINID = 240',
      'XTRIM long MINID ~ 240',
      'XTRIM s MAXLEN ~ 1',
      'XTRIM s MAXLEN 1',
      'XDEL k 9-9',
      'XDEL k 1-0 1-0',
      'XSETID k 9-0',
      'XSETID none 9-0',
      'XGROUP CREATE k g 0',
      'XGROUP CREATE k g 0',
      'XGROUP CREATE new g $ MKSTREAM',
      'XGROUP CREATECONSUMER k g anna',
      'XGROUP CREATECONSUMER k g anna',
      'XREADGROUP GROUP g anna COUNT 1 STREAMS k >',
      'XREADGROUP GROUP g anna COUNT 2 STREAMS k new > >',
      'XREADGROUP GROUP g anna STREAMS k 0',
      'XREADGROUP GROUP g bob STREAMS k 0',
      'XREADGROUP GROUP g carl NOACK COUNT 1 STREAMS k >',
      'XREADGROUP GROUP g dora NOACK STREAMS new >',
      'XREADGROUP GROUP g carl NOACK BLOCK 1 STREAMS new >',
      'XREAD STREAMS k 0',
      'XACK k g 9-9',
      'XACK k g 2-0 2-0',
      'XCLAIM k g bob 0 3-0',
      'XCLAIM k g bob 0 3-0 4-0 IDLE 0 RETRYCOUNT 5 JUSTID',
      'XCLAIM k g bob 100000 3-0',
      'XCLAIM k g bob 0 5-0 FORCE TIME 1000',
      'XCLAIM k g bob 100000 3-0 LASTID 8-0',
      'XDEL k 3-0 4-0',
      'XCLAIM k g bob 0 3-0',
      'XAUTOCLAIM k g eve 0 0',
      'XAUTOCLAIM k g eve 0 0 JUSTID',
      'XAUTOCLAIM k g eve 100000 0',
      'XPENDING k g',
      'XGROUP SETID k g 0',
      'XGROUP SETID k g $ ENTRIESREAD 3',
      'XGROUP DELCONSUMER k g eve',
      'XGROUP DELCONSUMER k g eve',
      'XGROUP DESTROY k g',
      'XGROUP DESTROY k g',
    ],
  },
  'HyperLogLogs, SORT and places': {
    before: ['RPUSH l 3 1 2', 'SET w1 x', 'SADD s 3 b 1'],
    sent: [
      'PFADD h a b c',
      'PFADD h a b c',
      'PFCOUNT h',
      'PFCOUNT h',
      'PFADD i c d',
      'PFCOUNT h i',
      'PFMERGE j h i',
      'PFDEBUG TODENSE h',
      'PFDEBUG TODENSE h',
      'PFDEBUG GETREG i',
      'SORT l',
      'SORT l STORE t',
      'SORT l BY nosort GET # GET w* STORE t',
      'SORT s BY nosort STORE t',
      'SORT none STORE t',
      'SORT none STORE t',
      'GEOADD g 13.361389 38.115556 a 15.087269 37.502669 b',
      'GEOADD g NX CH 13.361389 38.115556 a',
      'GEOADD g 13.361389 38.115556 a',
      'GEOADD g ch 2 2 a',
      'GEOSEARCHSTORE t g FROMLONLAT 15 37 BYRADIUS 200 km',
      'GEORADIUS g 15 37 200 km',
      'GEORADIUS g 15 37 200 km STORE t',
      'GEORADIUSBYMEMBER none a 200 km STORE t',
      'GEORADIUSBYMEMBER none a 200 km STORE t',
    ],
  },
  transactions: {
    sent: [
      'MULTI',
      'SET a 1',
      'GET a',
      'INCR a',
      'EXEC',
      'MULTI',
      'SET a 1',
      'EXEC',
      'MULTI',
      'GET a',
      'EXEC',
      'MULTI',
      'SET a 5 EX 10',
      'GETDEL a',
      'EXEC',
    ],
  },
};

describe.skipIf(skipWithoutRedisServer)(
  `what replicas are sent is as from redis-server${redisServerNote}`,
  () => {
    let pair: Pair;
    let redisStream: WriteStream;
    const nodeStream: string[] = [];

    beforeAll(async () => {
      pair = await startPair({
        directives: ['--repl-diskless-sync', 'no', '--repl-ping-replica-period', '3600'],
      });
      redisStream = await WriteStream.open(pair.redis.port);
      let selected = -1;
      pair.node.node?.parts.propagation.subscribe((dbIndex, argv) => {
        if (dbIndex !== selected) nodeStream.push(`SELECT ${dbIndex}`);
        selected = dbIndex;
        nodeStream.push(argv.join(' '));
      });
    });
    afterAll(async () => {
      redisStream?.close();
      await pair?.stop();
    });

    it.each(Object.keys(scripts))('%s', async (name) => {
      const { before = [], sent } = scripts[name] ?? { sent: [] };
      const streams = [redisStream.writes, nodeStream];
      const upTo = async (mark: string): Promise<void> => {
        for (const stream of streams)
          await until(() => stream.includes(`SET mark ${mark}`), `${mark} in the stream`);
      };
      await pair.reset();
      await pair.run([...before, 'SET mark begin']);
      await upTo('begin');
      for (const stream of streams) stream.length = 0;
      // One at a time: commands of one read may share their propagation.
      for (const command of sent) await pair.run([command]);
      await pair.run(['SET mark end']);
      await upTo('end');
      const [redis, node] = streams.map((stream) => stream.map(comparable));
      expect(node).toEqual(redis);
      expect(redis?.length).toBeGreaterThan(3);
    });
  },
);

/** Times of the next minutes, and ids made of them, differ by how fast the machine was, what SCAN meets first by how keys are hashed. */
function comparable(command: string): string {
  return command.replace(/\b\d{13}(-\d+)?\b/g, '<time>').replace(/^DEL [ghi]$/, 'DEL <scanned>');
}
