// Stands in front of servers on this machine and lets every request wait, so that a round trip takes as long as in a
// network. Arguments: the delay in ms, and the servers' ports. Prints its own ports, in the same order; ends with
// standard input.
import { connect, createServer } from 'node:net';

const [delayMs, ...ports] = process.argv.slice(2).map(Number);

const listening = ports.map(
  (port) =>
    new Promise((resolve) => {
      const server = createServer({ noDelay: true }, (client) => {
        const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
        // Timers of one length fire in the order in which they were set: bytes stay in order.
        client.on('data', (bytes) => setTimeout(() => upstream.write(bytes), delayMs));
        client.on('close', () => setTimeout(() => upstream.destroy(), delayMs));
        upstream.pipe(client);
        for (const [socket, other] of [
          [client, upstream],
          [upstream, client],
        ]) {
          socket.on('error', () => other.destroy());
        }
      });
      server.listen(0, '127.0.0.1', () => resolve(server.address().port));
    }),
);
process.stdout.write(`${JSON.stringify(await Promise.all(listening))}\n`);
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
