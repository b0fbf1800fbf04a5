// Runs a number of bundled nodes in this one process, and ends them when standard input ends. Prints their ports.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '../dist/index.js';

const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
const nodes = [];
for (let index = 0; index < Number(process.argv[2]); index++) {
  nodes.push(
    await startNode({
      anyPort: true,
      config: {
        bind: '127.0.0.1',
        save: '""',
        dir,
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '15000',
        'cluster-config-file': `nodes-${index}.conf`,
      },
    }),
  );
}
process.stdout.write(`${JSON.stringify(nodes.map(({ port }) => port))}\n`);
process.stdin.resume();
process.stdin.once('end', async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
});
