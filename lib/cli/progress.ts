import { SingleBar } from 'cli-progress';
import type { LoadProgress } from '../index.js';
import { megabytes } from './terminal.js';

/** Work shorter than this shows no bar. */
const patienceMs = 500;

/** A bar on stderr, only where that is a terminal and only for work that takes a while. */
export class Progress {
  readonly #began = performance.now();
  readonly #shown = process.stderr.isTTY === true;
  #bar: SingleBar | undefined;

  /** `total` 0 means unknown: then only the note is shown. */
  update(done: number, total: number, note: string): void {
    if (!this.#shown || performance.now() - this.#began < patienceMs) return;
    if (!this.#bar) {
      const format = total > 0 ? ' {bar} {percentage}% | {note}' : ' {note}';
      const options = { format, stream: process.stderr, clearOnComplete: true, hideCursor: true, barsize: 30, fps: 8 };
      this.#bar = new SingleBar(options);
      this.#bar.start(Math.max(total, 1), 0, { note });
    }
    this.#bar.update(Math.min(done, Math.max(total, 1)), { note });
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** Shows a download, and a long read of weights, as `Reranker.load` and `pull` report them. */
export function loadProgress(): { onProgress: (progress: LoadProgress) => void; stop: () => void } {
  const progress = new Progress();
  return {
    onProgress({ phase, file, loaded, total, bytesPerSecond, secondsLeft }) {
      const rate = bytesPerSecond ? `, ${megabytes(bytesPerSecond)}/s, ${Math.ceil(secondsLeft ?? 0)} s left` : '';
      const what = phase === 'download' ? 'downloading' : 'reading';
      progress.update(loaded, total, `${what} ${file}, ${megabytes(loaded)} of ${megabytes(total)}${rate}`);
    },
    stop: () => progress.stop(),
  };
}
