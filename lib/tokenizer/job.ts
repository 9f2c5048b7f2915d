import { RerankerError } from '../errors.js';
import type { PairBatch, Reply, SentText } from './messages.js';
import type { PairEncoder } from './pair-encoder.js';
import { specialTokensOf } from './pair-template.js';
import { SliceWriter } from './slice-writer.js';
import type { TextEncoding } from './text-encoding.js';
import { documentOnly, longestFirst, type PairLengths } from './truncation.js';
import type { EncodingOptions } from './types.js';

/** Where a job stands: able to go on, just done with a slice, or waiting for a batch or a part of a text. */
export type JobState = 'working' | 'slice' | 'waiting';

type Send = (reply: Extract<Reply, { kind: 'slice' | 'more' }>) => void;

/** One call in the worker: batches of pairs come in, encoded slices go out. A coroutine of short steps. */
export class Job {
  readonly id: number;
  readonly #options: Omit<EncodingOptions, 'signal'>;
  /** Tokens that the texts of a pair may have. */
  readonly #room: number;
  readonly #query: TextEncoding;
  readonly #document: TextEncoding;
  readonly #writer: SliceWriter;
  readonly #send: Send;
  readonly #batches: PairBatch[] = [];
  readonly #work: Iterator<JobState, never> = this.#encodeBatches();
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
    this.#document = encoder.createEncoding();
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
        this.#document.start(this.#room, this.#enoughOfDocument());
        yield* this.#encode(this.#document, batch.documents[i]!, 'document', index);
        this.#addPair(index);
        yield 'working';
      }
      this.#send({ kind: 'slice', id: this.id, slice: this.#writer.take(batch.first) });
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
    let received = head.length;
    while (!encoding.done) {
      if (encoding.step()) {
        yield 'working';
      } else if (!encoding.done) {
        this.#send({ kind: 'more', id: this.id, side, index, from: received });
        while (!this.#part) yield 'waiting';
        const { part, last } = this.#part;
        this.#part = undefined;
        encoding.append(part, last);
        received += part.length;
      }
    }
  }

  /** Tokens of a document from which on further ones make no difference. */
  #enoughOfDocument(): number {
    const query = this.#query.count;
    switch (this.#options.truncation) {
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
      this.#query.ids.subarray(0, kept.query),
      this.#document.ids.subarray(0, kept.document),
      truncated,
    );
  }

  #truncate(query: number, document: number, index: number): PairLengths {
    const { truncation, maxLength } = this.#options;
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
