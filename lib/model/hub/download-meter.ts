import type { LoadProgress } from '../../types.js';

/** Weight of the newest second in the rate that is reported. */
const smoothing = 0.3;
const sampleMs = 250;

/** Adds up the bytes of a download and tells how fast they come. */
export class DownloadMeter {
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  #total = 0;
  #loaded = 0;
  #rate: number | undefined;
  #sampledAt = performance.now();
  #sampledBytes = 0;

  constructor(onProgress?: (progress: LoadProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Bytes that will come. */
  expect(bytes: number): void {
    this.#total += bytes;
  }

  /** Bytes that were here already, of a download that was cut. */
  skip(file: string, bytes: number): void {
    this.#sampledBytes += bytes;
    this.add(file, bytes);
  }

  /** `bytes` is negative when a file starts over. */
  add(file: string, bytes: number): void {
    this.#loaded += bytes;
    this.#sample();
    const bytesPerSecond = this.#rate;
    const secondsLeft = bytesPerSecond ? (this.#total - this.#loaded) / bytesPerSecond : undefined;
    this.#onProgress?.({
      phase: 'download',
      file,
      loaded: this.#loaded,
      total: this.#total,
      ...(bytesPerSecond !== undefined && { bytesPerSecond, secondsLeft }),
    });
  }

  #sample(): void {
    const now = performance.now();
    const ms = now - this.#sampledAt;
    if (ms < sampleMs) return;
    const rate = Math.max(0, ((this.#loaded - this.#sampledBytes) / ms) * 1000);
    this.#rate = this.#rate === undefined ? rate : this.#rate + smoothing * (rate - this.#rate);
    this.#sampledAt = now;
    this.#sampledBytes = this.#loaded;
  }
}
