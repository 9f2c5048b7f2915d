import type { Chunks } from './tokenizer/types.js';
import type { Span } from './types.js';

interface Document {
  index: number;
  /** Chunks that are not scored yet; more may come until the last one has. */
  waiting: number;
  complete: boolean;
  logit: number;
  span: Span;
}

/** Gives documents the score of their best chunk; of equal ones the first counts. Chunks are numbered over a call. */
export class BestChunks {
  readonly #onDocument: (index: number, logit: number, span: Span) => void;
  /** Chunks that are not scored yet. */
  readonly #chunks = new Map<number, { document: Document; span: Span }>();
  #count = 0;
  #document: Document | undefined;

  constructor(onDocument: (index: number, logit: number, span: Span) => void) {
    this.#onDocument = onDocument;
  }

  /** Takes note of chunks that are about to be scored, and returns the number of the first of them. */
  expect({ pairs, parts, starts, ends, last }: Chunks): number {
    const first = this.#count;
    for (const [i, index] of pairs.entries()) {
      const span = { start: starts[i]!, end: ends[i]! };
      if (parts[i] === 0) this.#document = { index, waiting: 0, complete: false, logit: -Infinity, span };
      const document = this.#document!;
      document.waiting += 1;
      document.complete = last[i] === 1;
      this.#chunks.set(this.#count++, { document, span });
    }
    return first;
  }

  /** A chunk is scored. */
  scored(number: number, logit: number): void {
    const { document, span } = this.#chunks.get(number)!;
    this.#chunks.delete(number);
    document.waiting -= 1;
    if (logit > document.logit || (logit === document.logit && span.start < document.span.start)) {
      document.logit = logit;
      document.span = span;
    }
    if (document.complete && document.waiting === 0) this.#onDocument(document.index, document.logit, document.span);
  }

  /** What a chunk that is not scored yet is, for messages. */
  nameOf(number: number): string {
    const { document, span } = this.#chunks.get(number)!;
    return `characters ${span.start} to ${span.end} of the pair at index ${document.index}`;
  }
}
