/** Owns where the RDB file is, under which names it is written, and how the log tells that it could not be. Source: Redis rdb.c rdbSave. */
import { basename, resolve } from 'node:path';
import { systemErrorText, toPath } from '../config/special.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { WriteFailure } from './writer-process.ts';

export interface RdbPlaceDeps {
  readonly config: Config;
  readonly log: Log;
  /** Of this process: names its temp file. */
  readonly pid: number;
}

/** The directives dir and dbfilename of the moment. */
export class RdbPlace {
  readonly #deps: RdbPlaceDeps;

  constructor(deps: RdbPlaceDeps) {
    this.#deps = deps;
  }

  get directory(): string {
    return toPath(this.#deps.config.text('dir'));
  }

  get path(): string {
    return resolve(this.directory, toPath(this.#deps.config.text('dbfilename')));
  }

  /** Where this process itself writes before the file is in its place. */
  get tempPath(): string {
    return resolve(this.directory, `temp-${this.#deps.pid}.rdb`);
  }

  logFailure({ operation, code }: WriteFailure, tempPath: string): void {
    const { config, log } = this.#deps;
    const why = systemErrorText(Object.assign(new Error(code), { code }));
    const temp = basename(tempPath);
    const where = `(in server root dir ${this.directory})`;
    if (operation === 'open')
      log('warning', `Failed opening the temp RDB file ${temp} ${where} for saving: ${why}`);
    else if (operation === 'rename')
      log(
        'warning',
        `Error moving temp DB file ${temp} on the final destination ${config.text('dbfilename')} ${where}: ${why}`,
      );
    else log('warning', `Write error saving DB on disk(${operation}): ${why}`);
  }
}
