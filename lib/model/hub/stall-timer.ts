/** A signal that aborts when nothing was heard for a while, or when the caller gives up. */
export class StallTimer {
  readonly #ms: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, outer?: AbortSignal) {
    this.#ms = ms;
    this.#outer = outer;
    outer?.addEventListener('abort', this.#giveUp, { once: true });
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something was heard. */
  restart(): void {
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(this.#silence, this.#ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#giveUp);
  }

  #giveUp = (): void => this.#controller.abort(this.#outer!.reason);

  #silence = (): void => {
    this.stop();
    const seconds = this.#ms / 1000;
    this.#controller.abort(new Error(`nothing was received for ${seconds} seconds (HF_HUB_DOWNLOAD_TIMEOUT)`));
  };
}
