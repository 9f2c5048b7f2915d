/** Token sequences of several pairs, back to back; `lengths` sums to `inputIds.length`. */
export interface PackedPairs {
  inputIds: Int32Array;
  tokenTypeIds: Uint8Array;
  lengths: Int32Array;
}

/** One batch as the native side takes it: `offsets` are cumulative lengths, from 0 to `inputIds.length`. */
export interface PackedBatch {
  inputIds: Int32Array;
  tokenTypeIds: Uint8Array;
  offsets: Int32Array;
  /**
   * Written by the device before it resolves, if it computed more tokens than it was given (lengths rounded up,
   * dummy sequences). Absent means that none were dummies.
   */
  computedTokens?: number;
}

/** What runs batches: a native model, or a fake in tests. Resolves to logits, row-major, sequences x `labels`. */
export interface Device {
  readonly labels: number;
  /**
   * `onUnderWay` is called when it is time to send another batch: nothing of this one waits to be taken up, or the device
   * cannot tell. If it never is called, that time is when the promise settles.
   */
  score(batch: PackedBatch, onUnderWay?: () => void): Promise<Float32Array>;
}

/** What one caller asks of the queue. */
export interface CallOptions {
  /** Share of the device relative to other flows; default 1. */
  weight?: number;
  /** Calls with the same key share one flow (and the `weight` of the latest of them); default: a flow of its own. */
  fairnessKey?: unknown;
  /** Milliseconds from `open` after which the call rejects with `ERR_TIMEOUT`. */
  timeoutMs?: number;
  /** Milliseconds from `open` after which the call resolves, `partial: true`, with what is scored by then. */
  deadlineMs?: number;
  signal?: AbortSignal;
  /**
   * Receives each pair's logits once, in no particular order, `index` being its input index. May run inside `push`
   * (score cache). `logits` is a view into the batch's result: read it, do not keep it. An error thrown here fails
   * this call.
   */
  onLogits(index: number, logits: Float32Array): void;
  /** What the sequence at an index is, for messages. Default: the pair at that index. */
  nameOf?(index: number): string;
}

/** Where a call's wall time went, in ms. The stages never overlap: a pair on the device hides queue and tokenizer. */
export interface CallStages {
  /** Nothing queued, nothing on the device, more pairs to come. */
  tokenizationMs: number;
  /** Pairs queued, none on the device. */
  queueMs: number;
  /** At least one pair on the device. */
  inferenceMs: number;
}

/**
 * One caller's pairs on their way through the queue.
 *
 * ```ts
 * const call = queue.open({ onLogits });
 * try {
 *   for await (const slice of slices(call.signal)) {
 *     call.push(slice);
 *     if (!(await call.wanted())) break;
 *   }
 * } catch (error) {
 *   call.abort(error);                 // does nothing if the call is already over
 * }
 * const { partial } = await call.end(); // tells how it ended
 * ```
 */
export interface Call {
  /** Queues these pairs; `first` is the input index of the slice's first pair. The arrays must not change later. */
  push(slice: PackedPairs & { first: number }): void;
  /** Resolves to true when more pairs may be pushed, to false when the call is over and nothing more is needed. */
  wanted(): Promise<boolean>;
  /** Gives up: queued pairs leave, `end()` rejects with `reason`. */
  abort(reason: unknown): void;
  /** No more pairs. Settles when all are scored, or when the call was aborted, timed out, failed or was closed. */
  end(): Promise<{ partial: boolean }>;
  /** Fires when the call is over before its end, so that whoever feeds it can stop at once. */
  readonly signal: AbortSignal;
  readonly stages: Readonly<CallStages>;
}
