/**
 * Owns what INFO tells of a data set that is being read: from disk, or from a master. Never reads anything itself.
 * Source: Redis rdb.c startLoading, loadingAbsProgress, stopLoading; server.c genRedisInfoString.
 */
import type { Clock } from '../../core/clock.ts';
import type { LoadProgress } from '../parts/persistence.ts';

export class Loading implements LoadProgress {
  active = false;
  async = false;
  usedMemoryBytes = 0;
  loadedBytes = 0;
  #totalBytes = 0;
  #startedAtSeconds = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(totalBytes: number, async = false): void {
    this.active = true;
    this.async = async;
    this.usedMemoryBytes = 0;
    this.loadedBytes = 0;
    this.#totalBytes = totalBytes;
    this.#startedAtSeconds = this.#nowSeconds();
  }

  end(): void {
    this.active = false;
    this.async = false;
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }

  /** Only while something is loaded. */
  infoLines(): string[] {
    if (!this.active) return [];
    const total = this.#totalBytes || this.usedMemoryBytes;
    let percent = total > 0 ? (this.loadedBytes / total) * 100 : 0;
    let restBytes = total > 0 ? total - this.loadedBytes : 1;
    if (this.#totalBytes === 0) {
      // The memory that it took is but a guess at its size.
      percent = Math.min(percent, 99.99);
      restBytes = Math.max(restBytes, 1);
    }
    const elapsedSeconds = this.#nowSeconds() - this.#startedAtSeconds;
    const etaSeconds =
      elapsedSeconds === 0 ? 1 : Math.trunc((elapsedSeconds * restBytes) / (this.loadedBytes + 1));
    return [
      `loading_start_time:${this.#startedAtSeconds}`,
      `loading_total_bytes:${this.#totalBytes}`,
      `loading_rdb_used_mem:${this.usedMemoryBytes}`,
      `loading_loaded_bytes:${this.loadedBytes}`,
      `loading_loaded_perc:${percent.toFixed(2)}`,
      `loading_eta_seconds:${etaSeconds}`,
    ];
  }
}
