import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { RerankerError } from '../errors.js';
import type { Reply, Request } from './messages.js';

/** Whoever waits for the replies to one load or call. */
export interface Receiver {
  receive(reply: Reply): void;
  /** The thread is gone, and with it the load or call. */
  fail(error: Error): void;
}

/** The worker thread that all tokenizers of this environment share. A dead one is replaced on next use. */
export class TokenizerThread {
  static #current: TokenizerThread | undefined;

  static current(): TokenizerThread {
    return (this.#current ??= new TokenizerThread());
  }

  readonly #worker: Worker;
  readonly #receivers = new Map<number, Receiver>();
  #lastId = 0;
  #holds = 0;

  private constructor() {
    // An entry of `exports`: found the same way from CommonJS, from the ESM entry and from the sources.
    const file = createRequire(__filename).resolve('mlx-rerank/tokenizer-worker');
    this.#worker = new Worker(file, { name: 'mlx-rerank tokenizer', execArgv: [] });
    let cause: unknown;
    this.#worker.on('message', (reply: Reply) => this.#receivers.get(reply.id)?.receive(reply));
    this.#worker.on('error', (error) => (cause = error));
    this.#worker.on('exit', () => this.#lose(cause));
    this.#worker.unref();
  }

  /** Whether this is still the thread that works. */
  get alive(): boolean {
    return TokenizerThread.#current === this;
  }

  /** Registers a receiver under a new id. */
  connect(receiver: Receiver): number {
    this.#receivers.set(++this.#lastId, receiver);
    return this.#lastId;
  }

  disconnect(id: number): void {
    this.#receivers.delete(id);
  }

  post(request: Request): void {
    this.#worker.postMessage(request);
  }

  /** Keeps the process alive until there were as many calls of `release`. */
  hold(): void {
    if (this.#holds++ === 0) this.#worker.ref();
  }

  release(): void {
    if (--this.#holds === 0) this.#worker.unref();
  }

  #lose(cause: unknown): void {
    TokenizerThread.#current = undefined;
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    for (const receiver of receivers) receiver.fail(lost(cause));
  }
}

function lost(cause: unknown): RerankerError {
  const outOfMemory = (cause as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
  const why = cause instanceof Error ? `: ${cause.message}` : ', as if terminated from outside';
  // ERR_CLOSED because that is what happened to the thread: no fault of the input or of the model, and worth
  // a new try.
  return new RerankerError(
    outOfMemory ? 'ERR_OUT_OF_MEMORY' : 'ERR_CLOSED',
    `The tokenizer thread ended before this call did${why}. The next call starts a new one: try again.`,
    cause === undefined ? {} : { cause },
  );
}
