import { BestChunks } from './best-chunk.js';
import type { Call, CallOptions, CallStages } from './batching/types.js';
import type { PipelineParts } from './pipeline.js';
import type { EncodedSlice, EncodingOptions, PairSource } from './tokenizer/types.js';
import type { ScoreOptions, Span } from './types.js';
import { resolveChunking } from './validation/chunking.js';

export type ScoringCallOptions = Omit<ScoreOptions, 'activation'> & Pick<CallOptions, 'deadlineMs'>;

/** Receives what becomes of pairs, each at its input index and in no particular order. */
export interface PairReceiver {
  /** `span` is the best chunk, in a call that has its documents cut into chunks. */
  scored(index: number, logit: number, span?: Span): void;
  /** The pair lost tokens. Comes before its score. */
  truncated(index: number): void;
}

/** A call whose pairs may be fed in several times, from text to logits. */
export class ScoringCall {
  readonly #parts: PipelineParts;
  readonly #receiver: PairReceiver;
  readonly #call: Call;
  readonly #encoding: EncodingOptions;
  readonly #chunks: BestChunks | undefined;

  /** @throws RerankerError as the queue does, and `ERR_INVALID_ARGUMENT` for options that exclude each other. */
  constructor(parts: PipelineParts, options: ScoringCallOptions, receiver: PairReceiver) {
    const { queue, label, maxLength, typeVocabSize } = parts;
    const { weight, fairnessKey, timeoutMs, deadlineMs, signal, truncation = 'longest-first' } = options;
    const chunking = resolveChunking(options, parts.chunking);
    const chunks = chunking && new BestChunks((index, logit, span) => receiver.scored(index, logit, span));
    this.#call = queue.open({
      weight,
      fairnessKey,
      timeoutMs,
      deadlineMs,
      signal,
      onLogits(index, logits) {
        if (chunks) chunks.scored(index, logits[label]!);
        else receiver.scored(index, logits[label]!);
      },
      nameOf: chunks && ((number) => chunks.nameOf(number)),
    });
    this.#parts = parts;
    this.#receiver = receiver;
    this.#chunks = chunks;
    this.#encoding = { maxLength, typeVocabSize, truncation, chunking, signal: this.#call.signal };
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get stages(): Readonly<CallStages> {
    return this.#call.stages;
  }

  /** Whether the call has its documents cut into chunks. */
  get inChunks(): boolean {
    return this.#chunks !== undefined;
  }

  /**
   * Tokenizes the pairs of a source and queues them as fast as the queue wants them. Resolves to false when the call is
   * over before their end.
   */
  async feed(source: PairSource): Promise<boolean> {
    for await (const slice of this.#parts.tokenizer.encode(source, this.#encoding)) {
      this.#count(slice);
      const first = this.#chunks ? this.#chunks.expect(slice.chunks!) : slice.first;
      this.#call.push({ ...slice, first });
      if (!(await this.#call.wanted())) return false;
    }
    return true;
  }

  abort(reason: unknown): void {
    this.#call.abort(reason);
  }

  /** No more pairs. Settles when all are scored, or as the call ended. */
  end(): Promise<{ partial: boolean }> {
    return this.#call.end();
  }

  /** Counts each pair once, however many chunks its document has. */
  #count({ first, truncated, chunks }: EncodedSlice): void {
    const { counters } = this.#parts.stats;
    for (let i = 0; i < truncated.length; i++) {
      if (chunks && chunks.last[i] === 0) continue;
      if (chunks && chunks.parts[i]! > 0) counters.chunked += 1;
      if (!truncated[i]) continue;
      counters.truncated += 1;
      this.#receiver.truncated(chunks ? chunks.pairs[i]! : first + i);
    }
  }
}
