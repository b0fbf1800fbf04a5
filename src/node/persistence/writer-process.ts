/**
 * Owns the program of the small process that writes a file for a node: what comes on its standard input goes to a temp file named
 * after its pid, is synced, and put in place. It is a text, because it must run wherever the node does, bundled or not.
 * Nothing is put in place that is not complete: the node says so on descriptor 3 after the last byte was taken; when that
 * closes without a word, the node is gone, and the file goes too.
 * Source: the child of Redis (rdb.c rdbSave; rio.c rioSetAutoSync).
 */

/** What went wrong, as the program tells it on its standard error. */
export interface WriteFailure {
  readonly operation: 'open' | 'write' | 'fsync' | 'fclose' | 'rename' | 'fsyncFileDir';
  /** Of the system: "ENOSPC"; or a sentence when it was not the system's fault. */
  readonly code: string;
}

/** Arguments: what the temp file's name has before and behind the pid, the file to put it in place of ("" for none), and how
 * many bytes are synced at a time (0: only the end). */
export const writerProgram = `
const fs = require('fs');
const [before, behind, target, syncBytes] = process.argv.slice(1);
const path = before + process.pid + behind;
let operation = 'open';
let fd;
try {
  fd = fs.openSync(path, 'w');
  operation = 'write';
  const buffer = Buffer.allocUnsafe(1 << 17);
  let unsynced = 0;
  for (let count; (count = fs.readSync(0, buffer)) > 0; ) {
    for (let at = 0; at < count; ) at += fs.writeSync(fd, buffer, at, count - at);
    unsynced += count;
    if (syncBytes > 0 && unsynced >= syncBytes) {
      fs.fdatasyncSync(fd);
      unsynced = 0;
    }
  }
  operation = 'fsync';
  fs.fsyncSync(fd);
  operation = 'fclose';
  fs.closeSync(fd);
  if (fs.readSync(3, buffer) === 0) {
    fs.unlinkSync(path);
    process.exit(1);
  }
  if (target !== '') {
    operation = 'rename';
    fs.renameSync(path, target);
    operation = 'fsyncFileDir';
    const dir = fs.openSync(require('path').dirname(target), 'r');
    fs.fsyncSync(dir);
  }
} catch (error) {
  fs.writeSync(2, JSON.stringify({ operation, code: error.code }));
  try {
    fs.unlinkSync(path);
  } catch {}
  process.exit(1);
}
`;
