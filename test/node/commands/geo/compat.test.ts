import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const sicily: readonly Command[] = [
  'GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania',
  'GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2',
];

const scripts: Record<string, readonly Command[]> = {
  'GEOADD, GEOPOS, GEOHASH, GEODIST': [
    ...sicily,
    'ZRANGE g 0 -1 WITHSCORES',
    'TYPE g',
    'GEOPOS g Palermo none Catania',
    'GEOPOS none a b',
    'GEOPOS g',
    'GEOHASH g Palermo none Catania',
    'GEOHASH none a',
    'GEOHASH g',
    'GEODIST g Palermo Catania',
    'GEODIST g Palermo Catania km',
    'GEODIST g Palermo Catania MI',
    'GEODIST g Palermo Catania ft',
    'GEODIST g Palermo Palermo',
    'GEODIST g Palermo none',
    'GEODIST none a b',
    'GEODIST g Palermo Catania x',
    'GEODIST g Palermo Catania m m',
    'GEOADD g CH 13.361389 38.115556 Palermo 1 1 Catania',
    'GEOADD g NX 2 2 Catania 3 3 new',
    'GEOADD g xx ch 2 2 Catania 3 3 other',
    'GEOADD g XX NX 2 2 Catania',
    'GEOADD g 1 1',
    'GEOADD g 1 1 a 2 2',
    'GEOADD g NX XX CH',
    'GEOADD g nx ch nx',
    'GEOADD g 181 1 a',
    'GEOADD g 1 86 a',
    'GEOADD g 181.0078125 -1e300 a',
    'GEOADD g inf -inf a',
    'GEOADD g x 1 a',
    'GEOADD g 1 nan a',
    'GEOADD g 1 1 a 200 200 b',
    'ZSCORE g a',
    'LPUSH l 1',
    'GEOADD l 1 1 a',
    'GEOPOS l a',
    'GEOHASH l a',
    'GEODIST l a b',
    'GEOSEARCH l FROMMEMBER a BYRADIUS 1 m',
    'GEORADIUS l 1 1 1 m',
  ],
  'the edges of the map': [
    'GEOADD g 180 85.05112878 ne -180 -85.05112878 sw 180 -85.05112878 se -180 85.05112878 nw 0 0 middle 180 0.5 e',
    'ZRANGE g 0 -1 WITHSCORES',
    'GEOPOS g ne sw se nw middle e',
    'GEOHASH g ne sw se nw middle e',
    'GEODIST g ne sw',
    'GEOSEARCH g FROMMEMBER ne BYRADIUS 100 km ASC WITHDIST WITHCOORD WITHHASH',
    'GEOSEARCH g FROMMEMBER sw BYBOX 100 100 km ASC WITHDIST',
    'GEOSEARCH g FROMLONLAT 180 0 BYRADIUS 1000 km ASC WITHDIST',
    'GEOSEARCH g FROMLONLAT -180 0 BYRADIUS 1000 km ASC WITHDIST',
    'GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 30000 km ASC',
    'GEOSEARCH g FROMLONLAT 0 0 BYRADIUS inf km ASC COUNT 3',
    'GEOSEARCH g FROMLONLAT 0 0 BYBOX inf inf m ASC COUNT 3',
    'GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 0 m',
    'GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1e-300 m',
  ],
  'scores that are no places': [
    'ZADD g -1 a -4503599627370496 b 1e300 c inf d -inf e 9223372036854775808 f 1.5 g -1e19 h 18446744073709551616 i 9007199254740993 j',
    'GEOPOS g a b c d e f g h i j',
    'GEOHASH g a b c d e f g h i j',
    'GEODIST g a b',
    'GEODIST g c g km',
    'GEOSEARCH g FROMMEMBER a BYRADIUS 100 km',
    'GEOSEARCH g FROMMEMBER g BYRADIUS 100 km WITHHASH',
    'GEOSEARCH g FROMMEMBER h BYBOX 10 10 km',
  ],
  'GEOSEARCH and GEORADIUS': [
    ...sicily,
    'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC',
    'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 KM DESC WITHCOORD WITHDIST WITHHASH',
    'GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 mi ASC WITHDIST',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX 1000000 1000000 ft DESC COUNT 1',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 mi COUNT 2',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 500 km COUNT 1 ANY',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 500 km COUNT 2 ANY DESC WITHDIST',
    'GEOSEARCH none FROMMEMBER Palermo BYRADIUS 200 mi',
    'GEORADIUS g 15 37 200 km',
    'GEORADIUS g 15 37 200 km WITHDIST WITHCOORD ASC COUNT 1',
    'GEORADIUS_RO g 15 37 200 km DESC',
    'GEORADIUSBYMEMBER g Palermo 200 km ASC WITHHASH',
    'GEORADIUSBYMEMBER_RO g Palermo 200 km ASC',
    'GEORADIUS none 15 37 200 km',
    'GEORADIUSBYMEMBER none a x y',
    'GEORADIUSBYMEMBER none a x y STORE t',
  ],
  STORE: [
    ...sicily,
    'GEOSEARCHSTORE t g FROMLONLAT 15 37 BYRADIUS 200 km',
    'ZRANGE t 0 -1 WITHSCORES',
    'OBJECT ENCODING t',
    'GEOSEARCHSTORE t g FROMLONLAT 15 37 BYBOX 1000 1000 km COUNT 2 DESC',
    'ZRANGE t 0 -1 WITHSCORES',
    'GEOSEARCHSTORE t g FROMLONLAT 15 37 BYBOX 1000 1000 km STOREDIST COUNT 1 ANY',
    'ZCARD t',
    'GEOSEARCHSTORE t g FROMLONLAT 90 37 BYRADIUS 200 km',
    'EXISTS t',
    'GEORADIUS g 15 37 200 km STORE t',
    'ZRANGE t 0 -1 WITHSCORES',
    'GEORADIUS g 15 37 200 km STOREDIST u STORE t',
    'GEORADIUSBYMEMBER g Palermo 200 km STORE t STOREDIST u',
    'ZCARD u',
    'GEORADIUSBYMEMBER none a 1 m STORE t',
    'EXISTS t',
    'GEOSEARCHSTORE u none FROMMEMBER a BYRADIUS 1 m',
    'EXISTS u',
    'COMMAND GETKEYS GEORADIUS g 1 1 1 m STORE a STOREDIST b',
    'COMMAND GETKEYS GEORADIUS g 1 1 1 m',
    'COMMAND GETKEYS GEORADIUSBYMEMBER g a 1 m STOREDIST b',
    'COMMAND GETKEYS GEORADIUS_RO g 1 1 1 m STORE a',
    'COMMAND GETKEYS GEOSEARCHSTORE t g FROMMEMBER a BYRADIUS 1 m',
    'COMMAND GETKEYSANDFLAGS GEORADIUS g 1 1 1 m STORE a',
  ],
  'what the searches refuse': [
    ...sicily,
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS -1 km',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS x km',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 x',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX 1 x km',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX x 1 km',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX 1 -1 km',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX 1 1 x',
    'GEOSEARCH g FROMMEMBER Palermo BYBOX 1 1',
    'GEOSEARCH g FROMMEMBER none BYRADIUS 1 km',
    'GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 km',
    'GEOSEARCH g FROMLONLAT 1 1 FROMMEMBER Palermo BYRADIUS 1 km',
    'GEOSEARCH g FROMLONLAT 200 1 BYRADIUS 1 km',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km BYBOX 1 1 km',
    'GEOSEARCH g BYRADIUS 1 km ASC WITHDIST',
    'geosearch g FROMMEMBER Palermo ASC DESC ASC',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km COUNT 0',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km COUNT x',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km COUNT',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km COUNT 9223372036854775807',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km ANY',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km STORE t',
    'GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km STOREDIST',
    'GEOSEARCH none FROMMEMBER Palermo BYRADIUS 1 km FOO',
    'GEOSEARCHSTORE t g FROMMEMBER Palermo BYRADIUS 1 km WITHDIST',
    'GEOSEARCHSTORE t g FROMMEMBER Palermo BYRADIUS 1 km STORE u',
    'GEORADIUS g 15 37 1 km STORE t WITHDIST',
    'GEORADIUS_RO g 15 37 1 km STORE t',
    'GEORADIUSBYMEMBER_RO g Palermo 1 km STOREDIST t',
    'GEORADIUS g 15 37 1 km STORE',
    'GEORADIUS g 15 37 1 km FROMMEMBER Palermo',
    'GEORADIUS g 15 x 1 km',
    'GEORADIUS g 15 37 x km',
    'GEORADIUS g 15 37 1 x',
    'GEORADIUSBYMEMBER g none 1 km',
    'GEORADIUSBYMEMBER g Palermo 1 km FOO',
  ],
};

const longitude = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, -179.999, -90, 0, 90, 179.999, 180),
);
const latitude = fc.oneof(
  fc.double({ min: -85.05112878, max: 85.05112878, noNaN: true }),
  fc.constantFrom(-85.05112878, -85, -66.5, 0, 66.5, 80.5, 85, 85.05112878),
);
const length = fc.oneof(
  fc.integer({ min: 0, max: 21_000 }),
  fc.double({ min: 0, max: 30_000, noNaN: true }),
  fc.constantFrom(0.001, 1, 50),
);
const size: fc.Arbitrary<Command> = fc.oneof(
  length.map((radius) => ['BYRADIUS', radius, 'km']),
  fc.tuple(length, length).map(([width, height]) => ['BYBOX', width, height, 'km']),
);

/** Points all over the map; and near to the given one, where searches find some. */
function places(seeds: readonly (readonly [number, number])[]): Command {
  const words: (string | number)[] = ['GEOADD', 'g'];
  for (const [i, [x, y]] of seeds.entries()) words.push(x, y, `m${i}`);
  return words;
}

describe.skipIf(skipWithoutRedisServer)(`places beside redis-server${redisServerNote}`, () => {
  const pair = usePair();
  itAnswersAlike(pair, scripts);

  it('answers any search alike', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(longitude, latitude), {
          minLength: 1,
          maxLength: 60,
          selector: ([x, y]) => `${x.toFixed(3)} ${y.toFixed(3)}`,
        }),
        longitude,
        latitude,
        fc.array(size, { minLength: 1, maxLength: 8 }),
        async (points, x, y, sizes) => {
          await pair().reset();
          await pair().same(
            places(points),
            'ZRANGE g 0 -1 WITHSCORES',
            'GEOPOS g m0 m1 m2',
            'GEOHASH g m0 m1 m2',
          );
          const searches = sizes.flatMap((each): Command[] => [
            ['GEOSEARCH', 'g', 'FROMLONLAT', x, y, ...each, 'WITHCOORD', 'WITHDIST'],
            ['GEOSEARCH', 'g', 'FROMMEMBER', 'm0', ...each, 'WITHHASH', 'COUNT', 5, 'ANY'],
            ['GEOSEARCHSTORE', 't', 'g', 'FROMMEMBER', 'm0', ...each],
            'ZRANGE t 0 -1 WITHSCORES',
          ]);
          await pair().same(...searches);
          const { node } = await pair().run(searches);
          found += node.filter((reply) => reply !== '*0\r\n').length;
        },
      ),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(1000);
  });

  it('keeps distances that differ by no more than the sine and cosine of two libraries do', async () => {
    await pair().reset();
    const points = Array.from(
      { length: 500 },
      (_, i) => [((i * 7919) % 35_971) / 100 - 179, ((i * 104_729) % 16_901) / 100 - 84] as const,
    );
    const { redis, node } = await pair().run([
      places(points),
      'GEOSEARCHSTORE t g FROMMEMBER m0 BYRADIUS 50000 km STOREDIST',
      'ZRANGE t 0 -1 WITHSCORES',
    ]);
    const words = (reply: string | undefined): string[] =>
      (reply ?? '')
        .split('\r\n')
        .filter((_, i) => i % 2 === 0)
        .slice(1);
    const theirs = words(redis[2]);
    const ours = words(node[2]);
    expect(ours.length).toBe(1000);
    for (const [i, word] of ours.entries()) {
      if (i % 2 === 0) expect(word).toBe(theirs[i]);
      else expect(Math.abs(Number(word) - Number(theirs[i]))).toBeLessThan(1e-8);
    }
  });

  it('finds the nearest of many', async () => {
    await pair().reset();
    const points = Array.from(
      { length: 3000 },
      (_, i) => [((i * 7919) % 3571) / 100, ((i * 104_729) % 4517) / 100] as const,
    );
    await pair().same(
      places(points),
      'GEOSEARCH g FROMLONLAT 15 20 BYRADIUS 500 km ASC WITHDIST',
      'GEOSEARCH g FROMLONLAT 15 20 BYRADIUS 50000 km COUNT 1 WITHDIST',
      'GEOSEARCH g FROMLONLAT 15 20 BYBOX 700 300 mi',
    );
  });
});
