/** Owns the reading of one reply of RESP2, as it came, into values. */
import RedisParser from 'redis-parser';

export type Parsed = string | number | null | Parsed[];

/** `reply` is latin1. Throws an error reply. */
export function parseReply(reply: string): Parsed {
  let parsed: Parsed = null;
  const parser = new RedisParser({
    returnReply: (value: Parsed) => {
      parsed = value;
    },
    returnError: (error: Error) => {
      throw error;
    },
  });
  parser.execute(Buffer.from(reply, 'latin1'));
  return parsed;
}
