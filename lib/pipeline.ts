import type { BatchQueue } from './batching/queue.js';
import type { Call, CallOptions, CallStages } from './batching/types.js';
import type { Stats } from './stats.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';
import type { EncodingOptions, PairSource } from './tokenizer/types.js';
import type { ScoreOptions } from './types.js';

/** The parts of a loaded model that pairs run through, and the facts they need. */
export interface PipelineParts {
  tokenizer: Tokenizer;
  queue: BatchQueue;
  stats: Stats;
  maxLength: number;
  typeVocabSize: number;
  /** Column of the logits that is the relevance. */
  label: number;
}

/** What became of the pairs of a call, at their input index. */
export interface ScoredPairs {
  /** NaN where a deadline came first. */
  logits: Float32Array;
  /** 1 where the pair was cut. */
  truncated: Uint8Array;
  partial: boolean;
  stages: Readonly<CallStages>;
}

type PipelineOptions = Omit<ScoreOptions, 'activation'> & Pick<CallOptions, 'deadlineMs'>;

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
  async score(options: PipelineOptions, prepare: () => Promise<PairSource>): Promise<ScoredPairs> {
    let logits = new Float32Array();
    let truncated = new Uint8Array();
    const call = this.open(options, (index, logit) => {
      logits[index] = logit;
    });
    try {
      const source = await prepare();
      logits = new Float32Array(source.count).fill(NaN);
      truncated = new Uint8Array(source.count);
      await this.feed(call, source, 0, options, (index) => {
        truncated[index] = 1;
      });
    } catch (error) {
      call.abort(error);
    }
    const { partial } = await call.end();
    return { logits, truncated, partial, stages: call.stages };
  }

  /** Opens a call whose logits arrive one by one, in no particular order. */
  open(options: PipelineOptions, onLogit: (index: number, logit: number) => void): Call {
    const { queue, label } = this.#parts;
    const { weight, fairnessKey, timeoutMs, deadlineMs, signal } = options;
    const onLogits = (index: number, logits: Float32Array) => onLogit(index, logits[label]!);
    return queue.open({ weight, fairnessKey, timeoutMs, deadlineMs, signal, onLogits });
  }

  /**
   * Tokenizes the pairs of a source and pushes them into an open call as fast as it wants them. `first` is the call's
   * index of the source's first pair. Resolves to false when the call is over before its end.
   */
  async feed(
    call: Call,
    source: PairSource,
    first: number,
    options: Pick<ScoreOptions, 'truncation'>,
    onTruncated: (index: number) => void,
  ): Promise<boolean> {
    const { tokenizer, stats, maxLength, typeVocabSize } = this.#parts;
    const { truncation = 'longest-first' } = options;
    const encoding: EncodingOptions = { maxLength, typeVocabSize, truncation, signal: call.signal };
    for await (const slice of tokenizer.encode(source, encoding)) {
      const index = first + slice.first;
      for (const [i, cut] of slice.truncated.entries()) {
        if (!cut) continue;
        stats.counters.truncated += 1;
        onTruncated(index + i);
      }
      call.push({ ...slice, first: index });
      if (!(await call.wanted())) return false;
    }
    return true;
  }
}
