import type { BatchQueue } from './batching/queue.js';
import type { CallStages } from './batching/types.js';
import { type PairReceiver, ScoringCall, type ScoringCallOptions } from './scoring-call.js';
import type { Stats } from './stats.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';
import type { PairSource } from './tokenizer/types.js';
import type { ChunkingOptions } from './types.js';

/** The parts of a loaded model that pairs run through, and the facts they need. */
export interface PipelineParts {
  tokenizer: Tokenizer;
  queue: BatchQueue;
  stats: Stats;
  maxLength: number;
  typeVocabSize: number;
  /** Column of the logits that is the relevance. */
  label: number;
  /** What calls do with long documents unless they say otherwise. */
  chunking: ChunkingOptions;
}

/** What became of the pairs of a call, at their input index. */
export interface ScoredPairs {
  /** NaN where a deadline came first. */
  logits: Float32Array;
  /** 1 where the pair was cut. */
  truncated: Uint8Array;
  /** Start and end of the best chunk, pair by pair; only of a call that has its documents cut into chunks. */
  spans?: Int32Array;
  partial: boolean;
  stages: Readonly<CallStages>;
}

/** The one way of the data: text, tokens, queue, logits. */
export class Pipeline {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /**
   * Scores all pairs of a source. The call is open before `prepare` is: from then on time runs, and `close` knows of it.
   * An error of `prepare` ends it before anything is queued.
   */
  async score(options: ScoringCallOptions, prepare: () => Promise<PairSource>): Promise<ScoredPairs> {
    let logits = new Float32Array();
    let truncated = new Uint8Array();
    let spans: Int32Array | undefined;
    const call = this.open(options, {
      scored(index, logit, span) {
        logits[index] = logit;
        if (span) spans!.set([span.start, span.end], 2 * index);
      },
      truncated(index) {
        truncated[index] = 1;
      },
    });
    try {
      const source = await prepare();
      logits = new Float32Array(source.count).fill(NaN);
      truncated = new Uint8Array(source.count);
      if (call.inChunks) spans = new Int32Array(2 * source.count);
      await call.feed(source);
    } catch (error) {
      call.abort(error);
    }
    const { partial } = await call.end();
    return { logits, truncated, spans, partial, stages: call.stages };
  }

  /** Opens a call that pairs may be fed into, and whose scores arrive one by one. */
  open(options: ScoringCallOptions, receiver: PairReceiver): ScoringCall {
    return new ScoringCall(this.#parts, options, receiver);
  }
}
