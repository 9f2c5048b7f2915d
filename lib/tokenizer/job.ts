import { RerankerError } from '../errors.js';
import { nextStart, wordsThatFit } from './chunks.js';
import type { PairBatch, Reply, SentText } from './messages.js';
import type { PairEncoder } from './pair-encoder.js';
import { specialTokensOf } from './pair-template.js';
import { SliceWriter } from './slice-writer.js';
import type { LocatedEncoding, TextEncoder, TextEncoding } from './text-encoding.js';
import { documentOnly, longestFirst, type PairLengths } from './truncation.js';
import type { EncodingOptions } from './types.js';

/** Where a job stands: able to go on, just done with a slice, or waiting for a batch or a part of a text. */
export type JobState = 'working' | 'slice' | 'waiting';

/** Sequences of a document in chunks after which they are sent, though their batch has more. */
const slicePairs = 16;

type Send = (reply: Extract<Reply, { kind: 'slice' | 'more' }>) => void;

/** One call in the worker: batches of pairs come in, encoded slices go out. A coroutine of short steps. */
export class Job {
  readonly id: number;
  readonly #options: Omit<EncodingOptions, 'signal'>;
  /** Tokens that the texts of a pair may have. */
  readonly #room: number;
  readonly #query: TextEncoding;
  readonly #document: TextEncoding;
  /** The same, in a call that has its documents cut into chunks. */
  readonly #located: LocatedEncoding | undefined;
  readonly #writer: SliceWriter;
  readonly #send: Send;
  readonly #batches: PairBatch[] = [];
  readonly #work: Iterator<JobState, never> = this.#encodeBatches();
  #mayContinue = false;
  #part: { part: string; last: boolean } | undefined;

  constructor(
    id: number,
    { encoder, template }: PairEncoder,
    options: Omit<EncodingOptions, 'signal'>,
    send: Send,
  ) {
    this.id = id;
    this.#options = options;
    this.#room = options.maxLength - specialTokensOf(template);
    this.#query = encoder.createEncoding();
    this.#located = options.chunking && locatedEncoding(encoder);
    this.#document = this.#located ?? encoder.createEncoding();
    this.#writer = new SliceWriter(template, options.typeVocabSize);
    this.#send = send;
  }

  addBatch(batch: PairBatch): void {
    this.#batches.push(batch);
  }

  /** Takes the part of a text that was asked for. */
  addPart(part: string, last: boolean): void {
    this.#part = { part, last };
  }

  /** Lets the job go on after a slice that is not the last of its batch. */
  continue(): void {
    this.#mayContinue = true;
  }

  /**
   * Works for a short while.
   * @throws RerankerError `ERR_INPUT_TOO_LONG`, after which the job is over.
   */
  step(): JobState {
    return this.#work.next().value;
  }

  *#encodeBatches(): Generator<JobState, never> {
    for (;;) {
      const batch = this.#batches.shift();
      if (!batch) {
        yield 'waiting';
        continue;
      }
      for (let i = 0; i < batch.documents.length; i++) {
        const index = batch.first + i;
        const query = batch.queries[i]!;
        if (query !== null) {
          this.#query.start(this.#room, Infinity);
          yield* this.#encode(this.#query, query, 'query', index);
        }
        this.#document.start(this.#located ? Infinity : this.#room, this.#enoughOfDocument());
        yield* this.#encode(this.#document, batch.documents[i]!, 'document', index);
        if (this.#located) yield* this.#addChunks(this.#located, index);
        else this.#addPair(index);
        yield 'working';
      }
      this.#send({ kind: 'slice', id: this.id, slice: this.#writer.take(), last: true });
      yield 'slice';
    }
  }

  *#encode(
    encoding: TextEncoding,
    text: SentText,
    side: 'query' | 'document',
    index: number,
  ): Generator<JobState, void> {
    const whole = typeof text === 'string';
    const head = whole ? text : text.head;
    encoding.append(head, whole);
    yield* this.#encodeOn(encoding, side, index);
  }

  *#encodeOn(encoding: TextEncoding, side: 'query' | 'document', index: number): Generator<JobState, void> {
    while (!encoding.done) {
      if (encoding.step()) {
        yield 'working';
      } else if (!encoding.done) {
        this.#send({ kind: 'more', id: this.id, side, index, from: encoding.received });
        while (!this.#part) yield 'waiting';
        const { part, last } = this.#part;
        this.#part = undefined;
        encoding.append(part, last);
      }
    }
  }

  /** Tokens of a document from which on further ones make no difference. */
  #enoughOfDocument(): number {
    const query = this.#query.count;
    switch (this.#truncation) {
      case 'longest-first':
        return Math.max(this.#room, query) + 1;
      case 'document-only':
        return Math.max(this.#room - query, 0) + 1;
      case 'error':
        return Infinity;
    }
  }

  #addPair(index: number): void {
    const [query, document] = [this.#query.count, this.#document.count];
    const kept = this.#truncate(query, document, index);
    const truncated = kept.query < query || kept.document < document;
    this.#writer.add(
      index,
      this.#query.ids.subarray(0, kept.query),
      this.#document.ids.subarray(0, kept.document),
      truncated,
    );
  }

  /**
   * Adds a document in chunks of whole words, the query being left as long as truncation would leave it. So much of the
   * document is encoded as that depends on; the rest follows chunk by chunk.
   */
  *#addChunks(document: LocatedEncoding, index: number): Generator<JobState, void> {
    const { chunking } = this.#options;
    const query = this.#truncate(this.#query.count, document.count, index).query;
    const queryIds = this.#query.ids.subarray(0, query);
    const capacity = Math.min(chunking!.tokens, this.#room - query);
    const overlap = Math.min(chunking!.overlap, Math.floor(capacity / 2));
    const { words } = document;
    for (let part = 0; ; part++) {
      document.enough = capacity + 1;
      yield* this.#encodeOn(document, 'document', index);
      if (this.#writer.count === slicePairs) yield* this.#sendPartOfBatch();

      const { count } = document;
      const fitting = wordsThatFit(words, count, capacity);
      // A word longer than a chunk is cut, though not in the span.
      const end = fitting > 0 ? (words.tokens[fitting] ?? count) : Math.min(count, capacity);
      const last = end === count;
      const span = { start: words.starts[0] ?? 0, end: words.ends[Math.max(fitting, 1) - 1] ?? 0 };
      const ids = document.ids.subarray(0, end);
      this.#writer.add(index, queryIds, ids, query < this.#query.count, { part, last, ...span });
      if (last) return;
      yield 'working';

      const next = fitting > 0 ? nextStart(words, count, fitting, capacity, overlap) : 0;
      const dropped = fitting > 0 ? words.tokens[next]! : end;
      document.drop(dropped);
      words.drop(next, dropped);
    }
  }

  *#sendPartOfBatch(): Generator<JobState, void> {
    this.#mayContinue = false;
    this.#send({ kind: 'slice', id: this.id, slice: this.#writer.take(), last: false });
    yield 'slice';
    while (!this.#mayContinue) yield 'waiting';
  }

  /** A document in chunks loses nothing, so only its query can be too long. */
  get #truncation(): EncodingOptions['truncation'] {
    const { truncation } = this.#options;
    return this.#located && truncation === 'error' ? 'document-only' : truncation;
  }

  #truncate(query: number, document: number, index: number): PairLengths {
    const { maxLength } = this.#options;
    const truncation = this.#truncation;
    const specialTokens = maxLength - this.#room;
    if (truncation === 'longest-first') return longestFirst(query, document, this.#room);
    if (truncation === 'document-only') {
      const kept = documentOnly(query, document, this.#room);
      if (kept) return kept;
      throw new RerankerError(
        'ERR_INPUT_TOO_LONG',
        `Pair ${index}: with ${specialTokens} special tokens its query has ${query + specialTokens} tokens, which ` +
          `leaves nothing of maxLength ${maxLength} for the document. Shorten the query or use truncation ` +
          "'longest-first'.",
      );
    }
    if (query + document <= this.#room) return { query, document };
    throw new RerankerError(
      'ERR_INPUT_TOO_LONG',
      `Pair ${index}: expected at most maxLength ${maxLength} tokens, received ${query + document + specialTokens} ` +
        `(query ${query}, document ${document}, special ${specialTokens}). Shorten the texts or have them truncated.`,
    );
  }
}

function locatedEncoding(encoder: TextEncoder): LocatedEncoding {
  const encoding = encoder.createLocatedEncoding();
  if (encoding) return encoding;
  throw new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    "This model's tokenizer does not say where in a text its tokens are, so longDocuments 'chunk' cannot cut " +
      "documents. Use longDocuments 'truncate', or a model with a BERT tokenizer.",
  );
}
