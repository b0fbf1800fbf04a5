/**
 * Owns the death of a process after a number of commands: loaded into trib with --import, it counts the commands that go
 * out on all connections together, and kills the process with SIGKILL right behind the one whose number CRASH_AFTER
 * says, be it in the middle of a pipeline. Nothing of what follows leaves the process. At an end in order, the number
 * of commands is written to the file CRASH_COUNT.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

const limit = Number(process.env.CRASH_AFTER ?? Number.POSITIVE_INFINITY);
const { write } = Socket.prototype;
let count = 0;

Socket.prototype.write = function (...words) {
  const [bytes] = words;
  // Standard output may be a socket as well, without another end that has a port.
  if (this.remotePort === undefined || !Buffer.isBuffer(bytes)) return write.apply(this, words);
  if (count >= limit) return true;
  const ends = endsOf(bytes);
  if (count + ends.length < limit) {
    count += ends.length;
    return write.apply(this, words);
  }
  const end = ends[limit - count - 1];
  count = limit;
  return write.call(this, bytes.subarray(0, end), () => process.kill(process.pid, 'SIGKILL'));
};

process.once('exit', () => {
  if (process.env.CRASH_COUNT !== undefined) writeFileSync(process.env.CRASH_COUNT, String(count));
});

/** Where each command of a request in RESP ends. */
function endsOf(bytes) {
  const ends = [];
  for (let at = 0; at < bytes.length; ) {
    let args;
    [args, at] = numberAt(bytes, at);
    for (; args > 0; args--) {
      let size;
      [size, at] = numberAt(bytes, at);
      at += size + 2;
    }
    ends.push(at);
  }
  return ends;
}

/** The number behind "*" or "$", and where the line ends. */
function numberAt(bytes, at) {
  const end = bytes.indexOf('\r\n', at, 'latin1');
  return [Number(bytes.latin1Slice(at + 1, end)), end + 2];
}
