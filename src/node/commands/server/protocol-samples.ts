/** Owns DEBUG PROTOCOL: one reply of each kind, for the tests of clients. Source: Redis debug.c debugCommand. */
import {
  array,
  boolean,
  bulk,
  error,
  integer,
  map,
  nullBulk,
  push,
  type RespVersion,
  set,
  verbatim,
} from '../../../protocol/resp/encode.ts';

const BIG_NUMBER = '1234567999999999999999999999999999999';
const three = [integer(0), integer(1), integer(2)];

const samples: Readonly<Record<string, (resp: RespVersion) => string>> = {
  string: () => bulk('Hello World'),
  integer: () => integer(12345),
  double: (resp) => (resp === 2 ? bulk('3.141') : ',3.141\r\n'),
  bignum: (resp) => (resp === 2 ? bulk(BIG_NUMBER) : `(${BIG_NUMBER}\r\n`),
  null: nullBulk,
  array: () => array(three),
  set: (resp) => set(three, resp),
  map: (resp) =>
    map(
      three.flatMap((item, index) => [item, boolean(index === 1, resp)]),
      resp,
    ),
  attrib(resp) {
    const attribute =
      resp === 2 ? '' : `|1\r\n${bulk('key-popularity')}${array([bulk('key:123'), integer(90)])}`;
    return attribute + bulk('Some real reply following the attribute');
  },
  push(resp) {
    if (resp === 2) return error('ERR RESP2 is not supported by this command');
    return (
      push([bulk('server-cpu-usage'), integer(42)], resp) + bulk('Some real reply following the push reply')
    );
  },
  verbatim: (resp) => verbatim('This is a verbatim\nstring', resp),
  true: (resp) => boolean(true, resp),
  false: (resp) => boolean(false, resp),
};

export function protocolSample(name: string, resp: RespVersion): string {
  const sample = Object.hasOwn(samples, name.toLowerCase()) ? samples[name.toLowerCase()] : undefined;
  return (
    sample?.(resp) ??
    error(
      'ERR Wrong protocol type name. Please use one of the following: ' +
        'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
    )
  );
}
