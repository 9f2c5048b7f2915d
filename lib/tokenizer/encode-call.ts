import type { PairBatch, Reply, SentText } from './messages.js';
import { type Connection, type RemoteTokenizer, toError } from './remote-tokenizer.js';
import { RoundRobin } from './round-robin.js';
import type { Receiver } from './tokenizer-thread.js';
import type { EncodedSlice, EncodingOptions, PairSource } from './types.js';

/** Pairs of a batch, and so of a slice. */
const batchPairs = 16;
/**
 * Characters of its texts from which a batch is full, so that preparing one never holds up the event loop.
 */
const batchCharacters = 65_536;
/** Batches that may be in the worker, or encoded and not taken yet. */
const batchesAhead = 3;
/** Most characters of a text that are sent unasked: at two bytes each, 16 KB. */
const headCharacters = 8_192;
/** When the worker asks for more it gets as much again as it had, up to this. */
const partCharacters = 131_072;

/**
 * What calls send, they send in turn and not as replies come in: Node hands over up to a thousand messages in
 * one go, and a fast worker would hold the event loop for all that time.
 */
const turns = new RoundRobin<EncodeCall>((call) => call.send());

interface Waiter {
  resolve(result: IteratorResult<EncodedSlice, undefined>): void;
  reject(error: unknown): void;
}

/** The texts of a batch that the worker has not answered yet. */
interface SentBatch {
  first: number;
  query: string[];
  document: string[];
}

type Asked = Extract<Reply, { kind: 'more' }>;

/**
 * A call as its caller sees it: takes pairs from the source as slices are pulled, and gives these in input
 * order.
 */
export class EncodeCall implements AsyncIterableIterator<EncodedSlice, undefined>, Receiver {
  readonly #tokenizer: RemoteTokenizer;
  readonly #source: PairSource;
  readonly #options: Omit<EncodingOptions, 'signal'>;
  readonly #signal: AbortSignal | undefined;
  readonly #waiters: Waiter[] = [];
  readonly #slices: EncodedSlice[] = [];
  readonly #batches: SentBatch[] = [];
  #connection: Connection | undefined;
  #asked: Asked | undefined;
  /** The worker has sent part of a batch and waits until there is room for more. */
  #paused = false;
  #started = false;
  #holding = false;
  /** Nothing more is to come from the worker; slices that came before may still be pulled. */
  #ended = false;
  #failure: { error: unknown } | undefined;
  /** Position in the source of the next pair to send, and the query of the last one sent. */
  #next = 0;
  #query: string | undefined;

  constructor(tokenizer: RemoteTokenizer, source: PairSource, { signal, ...options }: EncodingOptions) {
    this.#tokenizer = tokenizer;
    this.#source = source;
    this.#options = options;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<EncodedSlice, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#started) void this.#start();
      this.#advance();
    });
  }

  return(): Promise<IteratorResult<EncodedSlice, undefined>> {
    this.#slices.length = 0;
    this.#started = true;
    this.#end();
    this.#failure = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  receive(reply: Reply): void {
    if (reply.kind === 'failed') return this.fail(toError(reply));
    if (reply.kind === 'more') {
      this.#asked = reply;
      turns.wake(this);
    } else if (reply.kind === 'slice') {
      if (reply.last) this.#batches.shift();
      else this.#paused = true;
      this.#slices.push(reply.slice);
      if (this.#batches.length === 0 && this.#next >= this.#source.count) this.#end();
      this.#advance();
    }
  }

  /** Sends the part that was asked for or one batch; whether there is more to send. */
  send(): boolean {
    if (this.#ended) return false;
    if (this.#asked) this.#sendPart(this.#asked);
    else if (this.#mayBatch) this.#sendBatch();
    return this.#mayBatch;
  }

  /** Ends the call. The pull that waits, or else the next one, rejects with this error. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure = { error };
    this.#slices.length = 0;
    this.#end();
  }

  readonly #abort = (): void => this.fail(this.#signal?.reason);

  async #start(): Promise<void> {
    this.#started = true;
    if (this.#signal?.aborted) return this.#abort();
    this.#signal?.addEventListener('abort', this.#abort);
    if (this.#source.count === 0) return this.#end();
    try {
      const connection = await this.#tokenizer.open(this, this.#options);
      if (this.#ended) return this.#tokenizer.end(this, connection);
      this.#connection = connection;
      this.#advance();
    } catch (error) {
      this.fail(error);
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#batches.length = 0;
    if (this.#connection) this.#tokenizer.end(this, this.#connection);
    this.#advance();
  }

  /** Sends what the worker may have by now, and gives the waiting what there is. */
  #advance(): void {
    while (this.#waiters.length > 0 && this.#slices.length > 0) {
      this.#waiters.shift()!.resolve({ done: false, value: this.#slices.shift()! });
    }
    if (this.#paused && !this.#ended && this.#slices.length < batchesAhead) this.#continue();
    if (this.#mayBatch) turns.wake(this);
    if (this.#ended && this.#slices.length === 0) {
      for (const waiter of this.#waiters.splice(0)) this.#settle(waiter);
    }
    this.#hold(this.#waiters.length > 0);
  }

  #settle(waiter: Waiter): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) waiter.reject(failure.error);
    else waiter.resolve({ done: true, value: undefined });
  }

  /** A call that is waited for keeps the process alive. */
  #hold(wanted: boolean): void {
    if (!this.#connection || wanted === this.#holding) return;
    this.#holding = wanted;
    if (wanted) this.#connection.thread.hold();
    else this.#connection.thread.release();
  }

  get #mayBatch(): boolean {
    const ahead = this.#batches.length + this.#slices.length;
    return (
      this.#connection !== undefined &&
      !this.#ended &&
      this.#next < this.#source.count &&
      ahead < batchesAhead
    );
  }

  #continue(): void {
    this.#paused = false;
    const { thread, id } = this.#connection!;
    thread.post({ kind: 'continue', id });
  }

  #sendBatch(): void {
    const { thread, id } = this.#connection!;
    try {
      thread.post({ kind: 'pairs', id, batch: this.#takeBatch() });
    } catch (error) {
      this.fail(error);
    }
  }

  #takeBatch(): PairBatch {
    const first = (this.#source.first ?? 0) + this.#next;
    const texts: SentBatch = { first, query: [], document: [] };
    const batch: PairBatch = { first, queries: [], documents: [] };
    let characters = 0;
    while (
      this.#next < this.#source.count &&
      texts.document.length < batchPairs &&
      characters < batchCharacters
    ) {
      const query = this.#source.query(this.#next);
      const document = this.#source.document(this.#next);
      const same = query === this.#query;
      texts.query.push(query);
      texts.document.push(document);
      batch.queries.push(same ? null : headOf(query));
      batch.documents.push(headOf(document));
      characters += document.length + (same ? 0 : query.length);
      this.#query = query;
      this.#next++;
    }
    this.#batches.push(texts);
    return batch;
  }

  #sendPart({ side, index, from }: Asked): void {
    this.#asked = undefined;
    const { thread, id } = this.#connection!;
    const batch = this.#batches[0]!;
    const text = batch[side][index - batch.first]!;
    const to = from + Math.min(from, partCharacters);
    thread.post({ kind: 'part', id, part: text.slice(from, to), last: to >= text.length });
  }
}

function headOf(text: string): SentText {
  return text.length <= headCharacters ? text : { head: text.slice(0, headCharacters) };
}
