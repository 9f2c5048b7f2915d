import type { Pipeline } from './pipeline.js';
import { scorer } from './ranking.js';
import { ReadAhead } from './read-ahead.js';
import type { PairReceiver, ScoringCall } from './scoring-call.js';
import type { Span, StreamOptions, StreamResult } from './types.js';
import { textOf } from './validation/inputs.js';

/** Documents read ahead of the tokenizer. */
const readAhead = 512;
/** Results not taken yet at which no more documents are fed in. */
const mostResults = 1024;

/**
 * Scores documents as they come and yields results as batches finish. Memory is bounded whatever the length of the
 * iterable: documents are read only as fast as results are taken.
 */
export async function* streamScores<T>(
  pipeline: Pipeline,
  query: string,
  documents: Iterable<T> | AsyncIterable<T>,
  options: StreamOptions<T>,
): AsyncGenerator<StreamResult<T>, void, undefined> {
  const results = new Results<T>(scorer(options.activation));
  const call = pipeline.open(options, results);
  const source = new ReadAhead(documents, readAhead);
  call.signal.addEventListener('abort', () => source.close().catch(() => {}), { once: true });
  const ended = feedAll(call, query, source, results, options).then(() => call.end());
  ended.then(results.finish, results.finish);
  try {
    for (;;) {
      const batch = await results.take();
      if (batch.length === 0) break;
      yield* batch;
    }
    await ended;
  } finally {
    call.abort(new DOMException('The stream was left before its end.', 'AbortError')); // nothing if it is over
    await source.close();
  }
}

async function feedAll<T>(
  call: ScoringCall,
  query: string,
  source: ReadAhead<T>,
  results: Results<T>,
  options: StreamOptions<T>,
): Promise<void> {
  try {
    for (let first = 0, wanted = true; wanted; ) {
      const documents = await source.take();
      if (documents.length === 0) return;
      const texts = documents.map((document, i) => textOf(document, first + i, options.text));
      results.expect(first, documents);
      wanted = await call.feed({ first, count: texts.length, query: () => query, document: (i) => texts[i]! });
      first += documents.length;
      await results.room();
    }
  } catch (error) {
    call.abort(error);
  }
}

/** Results between the queue and whoever reads the stream. */
class Results<T> implements PairReceiver {
  readonly #toScore: (logit: number) => number;
  readonly #pending = new Map<number, Pick<StreamResult<T>, 'document' | 'truncated' | 'span'>>();
  #ready: StreamResult<T>[] = [];
  #finished = false;
  #wakeReader = () => {};
  #wakeFeeder = () => {};

  constructor(toScore: (logit: number) => number) {
    this.#toScore = toScore;
  }

  expect(first: number, documents: T[]): void {
    documents.forEach((document, i) => this.#pending.set(first + i, { document }));
  }

  truncated(index: number): void {
    this.#pending.get(index)!.truncated = true;
  }

  scored(index: number, logit: number, span?: Span): void {
    const pending = this.#pending.get(index)!;
    if (span) pending.span = span;
    this.#pending.delete(index);
    this.#ready.push({ index, score: this.#toScore(logit), logit, ...pending });
    this.#wakeReader();
  }

  finish = (): void => {
    this.#finished = true;
    this.#wakeReader();
  };

  /** What is scored and not taken yet; an empty list at the end. */
  async take(): Promise<StreamResult<T>[]> {
    if (this.#ready.length === 0 && !this.#finished) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const ready = this.#ready;
    this.#ready = [];
    this.#wakeFeeder();
    return ready;
  }

  /** Waits until few enough results are left to take. */
  async room(): Promise<void> {
    while (this.#ready.length >= mostResults && !this.#finished) {
      await new Promise<void>((resolve) => {
        this.#wakeFeeder = resolve;
      });
    }
  }
}
