/** Ctrl-C: the first asks the work to stop and write out what is done, the second ends the process. */
export class Interrupt {
  readonly #controller = new AbortController();
  #signalCode = 0;

  constructor() {
    process.on('SIGINT', () => this.#receive(130));
    process.on('SIGTERM', () => this.#receive(143));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit code by the shell's convention; 0 if nothing came. */
  get exitCode(): number {
    return this.#signalCode;
  }

  #receive(code: number): void {
    if (this.#signalCode !== 0) process.exit(code);
    this.#signalCode = code;
    this.#controller.abort(new DOMException('Interrupted.', 'AbortError'));
  }
}
