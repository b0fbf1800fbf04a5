/** Owns a client that waits for answers of one node while something else goes on, and knows its longest wait. */
import { Worker } from 'node:worker_threads';
import { milliseconds, type Row } from './measure.ts';

/** A client that asks again as soon as it has its answer, on a thread of its own: what runs here must not count. */
const client = `
  const { parentPort, workerData } = require('node:worker_threads');
  const socket = require('node:net').connect({ port: workerData.port, host: '127.0.0.1', noDelay: true });
  let [sentMs, longestMs, asked] = [0, 0, 0];
  const next = () => workerData.requests[asked++ % workerData.requests.length];
  const ask = () => { sentMs = performance.now(); socket.write(next() + '\\r\\n'); };
  socket.once('connect', () => { ask(); parentPort.postMessage('ready'); });
  socket.on('data', () => { longestMs = Math.max(longestMs, performance.now() - sentMs); ask(); });
  socket.on('error', () => {});
  parentPort.on('message', () => { parentPort.postMessage(longestMs); socket.destroy(); parentPort.close(); });
`;

export interface PauseWatch {
  /** Ends the client; its longest wait in ms. */
  end(): Promise<number>;
}

/** Resolves when the client has begun. An error (MOVED) is an answer as well: what counts is when it comes. */
export function watchPauses(port: number, key: string): Promise<PauseWatch> {
  return watchAnswers(port, [`GET ${key}`]);
}

/** The same with requests of any kind, by turns. */
export async function watchAnswers(port: number, requests: readonly string[]): Promise<PauseWatch> {
  const worker = new Worker(client, { eval: true, workerData: { port, requests } });
  const answer = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
  await answer();
  return {
    async end() {
      const longest = answer();
      worker.postMessage('end');
      return Number(await longest);
    },
  };
}

/** Waits of clients while trib and a peer do the same. The goal is what trib holds itself to by default. */
export function pauseRow(name: string, oursMs: number, peerMs: number, idleMs: number): Row {
  return {
    name: `longest pause of a client during ${name}`,
    ours: milliseconds(oursMs),
    peer: milliseconds(peerMs),
    figure: `${(oursMs / peerMs).toFixed(2)} x`,
    goal: `<= 5 ms + ${milliseconds(idleMs)} (an idle second)`,
    met: oursMs <= 5 + idleMs,
  };
}
