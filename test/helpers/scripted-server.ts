/** Owns a server that answers each request as a test says: bytes, silence, or a broken connection. */
import { createServer, type Socket } from 'node:net';
import RedisParser from 'redis-parser';
import type { Address } from '../../src/protocol/text/addresses.ts';

/** The bytes to answer with; undefined: no answer. */
export type Script = (words: readonly string[], socket: Socket) => string | undefined;

export interface ScriptedServer {
  readonly address: Address;
  /** Every request that arrived, its words joined by spaces. */
  readonly requests: string[];
  /** How many connections were made. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    const parser = new RedisParser({
      returnReply: (words: string[]) => {
        requests.push(words.join(' '));
        const answer = script(words, socket);
        if (answer !== undefined && !socket.destroyed) socket.write(answer, 'latin1');
      },
      returnError: () => socket.destroy(),
    });
    socket.on('data', (chunk) => parser.execute(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: { host: '127.0.0.1', port },
    requests,
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
