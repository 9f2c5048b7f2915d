import { RerankerError } from '../errors.js';
import type { Reply, TokenizerFacts } from './messages.js';
import { type Receiver, TokenizerThread } from './tokenizer-thread.js';
import type { EncodingOptions, TokenizerFiles } from './types.js';

/** Where an open call lives. */
export interface Connection {
  thread: TokenizerThread;
  id: number;
}

/** Where a tokenizer is loaded, and its id there. */
interface Place {
  thread?: TokenizerThread;
  model: number;
}

/** Frees what was dropped without `close`. */
const dropped = new FinalizationRegistry<Place>(unload);

/** One model's tokenizer in the tokenizer thread, brought in again after the thread was lost. */
export class RemoteTokenizer {
  readonly #files: TokenizerFiles;
  readonly #calls = new Set<Receiver>();
  readonly #place: Place = { model: 0 };
  #facts: TokenizerFacts | undefined;
  #loading: Promise<TokenizerFacts> | undefined;
  #closed = false;

  constructor(files: TokenizerFiles) {
    this.#files = files;
    dropped.register(this, this.#place, this);
  }

  load(): Promise<TokenizerFacts> {
    return (this.#loading ??= this.#load().finally(() => (this.#loading = undefined)));
  }

  /** Opens a call for a receiver that fails if the thread is lost or this tokenizer closed. */
  async open(receiver: Receiver, options: Omit<EncodingOptions, 'signal'>): Promise<Connection> {
    if (!this.#place.thread?.alive && !this.#closed) await this.load();
    if (this.#closed) throw closed();
    const thread = this.#place.thread!;
    const id = thread.connect(receiver);
    thread.post({ kind: 'open', id, model: this.#place.model, options });
    this.#calls.add(receiver);
    return { thread, id };
  }

  /** Ends a call, whether or not all of its pairs are encoded. */
  end(receiver: Receiver, { thread, id }: Connection): void {
    this.#calls.delete(receiver);
    thread.disconnect(id);
    if (thread.alive) thread.post({ kind: 'end', id });
  }

  /** Rejects what is open and frees the tokenizer in the thread. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls) call.fail(closed());
    dropped.unregister(this);
    unload(this.#place);
  }

  async #load(): Promise<TokenizerFacts> {
    const thread = TokenizerThread.current();
    const { id, facts } = await requestLoad(thread, this.#files);
    this.#place.thread = thread;
    this.#place.model = id;
    if (this.#closed) {
      unload(this.#place);
      throw closed();
    }
    if (this.#facts && this.#facts.digest !== facts.digest) {
      unload(this.#place);
      throw new RerankerError(
        'ERR_MODEL_CORRUPT',
        `${this.#files.tokenizerJson} has changed since the model was loaded. Load the model again.`,
      );
    }
    return (this.#facts = facts);
  }
}

function unload(place: Place): void {
  if (place.thread?.alive) place.thread.post({ kind: 'unload', id: place.model });
  place.thread = undefined;
}

function requestLoad(
  thread: TokenizerThread,
  files: TokenizerFiles,
): Promise<{ id: number; facts: TokenizerFacts }> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      thread.disconnect(id);
      thread.release();
    };
    const id = thread.connect({
      receive(reply) {
        settle();
        if (reply.kind === 'loaded') resolve({ id, facts: reply.facts });
        else if (reply.kind === 'failed') reject(toError(reply));
      },
      fail(error) {
        settle();
        reject(error);
      },
    });
    thread.hold();
    thread.post({ kind: 'load', id, files });
  });
}

/** The error that the worker reported. One without a code is a bug there and passes as it is. */
export function toError({ code, message, cause }: Extract<Reply, { kind: 'failed' }>): Error {
  return code ? new RerankerError(code, message, cause === undefined ? {} : { cause }) : (cause as Error);
}

function closed(): RerankerError {
  return new RerankerError('ERR_CLOSED', 'The tokenizer is closed. Load the model again.');
}
