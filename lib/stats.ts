import { systemClock, type Clock } from './batching/clock.js';
import type { CallStages } from './batching/types.js';
import { Histogram, type HistogramSnapshot } from './histogram.js';

export type { HistogramSnapshot } from './histogram.js';

/** How a call of the queue ended. */
export type CallOutcome = 'completed' | 'partial' | 'timedOut' | 'aborted' | 'failed';

/** Counts since the reranker was loaded. */
export interface Counters {
  /** Pairs whose scores were handed to their callers; of a document in chunks each chunk counts. */
  pairs: number;
  /** Tokens the device was given in batches that succeeded. */
  tokens: number;
  /** Batches handed to the device, failed ones included. */
  batches: number;
  /** Pairs that were cut to `maxLength`. */
  truncated: number;
  /** Documents that were cut into more than one chunk. */
  chunked: number;
  /** Pairs answered from the score cache. */
  cacheHits: number;
  /** Calls refused with `ERR_OVERLOADED`. */
  rejected: number;
  /** Calls that were scored to the end. */
  completed: number;
  /** Calls that reached their `deadlineMs`. */
  partial: number;
  /** Calls that reached their `timeoutMs`. */
  timedOut: number;
  /** Calls whose `signal` aborted. */
  aborted: number;
  /** Calls that ended with any other error, `ERR_CLOSED` included. */
  failed: number;
}

/** What holds at this moment. */
export interface Gauges {
  queuedPairs: number;
  queuedTokens: number;
  /** Batches on the device. */
  inFlight: number;
}

/**
 * A plain snapshot. Of the histograms in ms, the first four are stages of a call's wall time that never overlap:
 * `tokenization` is the time in which a call had nothing queued or running (tokenizing hidden behind the device does
 * not count), `queueWait` the time in which it had pairs queued and none running, `inference` the time in which it
 * had any running, `other` the rest. They sum to `endToEnd`, call by call and in `total`.
 */
export interface StatsSnapshot {
  histograms: {
    tokenizationMs: HistogramSnapshot;
    queueWaitMs: HistogramSnapshot;
    inferenceMs: HistogramSnapshot;
    otherMs: HistogramSnapshot;
    endToEndMs: HistogramSnapshot;
    /** Device time of each batch. */
    batchMs: HistogramSnapshot;
    batchPairs: HistogramSnapshot;
    batchTokens: HistogramSnapshot;
  };
  counters: Counters;
  gauges: Gauges & {
    /** Share of the time since load in which the device had a batch, 0 to 1. */
    deviceBusyShare: number;
  };
  /** Milliseconds since load, and of them those with a batch on the device: two snapshots give any interval's share. */
  uptimeMs: number;
  deviceBusyMs: number;
  /** Share of the computed tokens that were dummies, 0 to 1. */
  dummyShare: number;
  /** The same, had the pairs been padded to the longest in batches of 32 in order of arrival. */
  fixedOrderDummyShare: number;
}

const FIXED_BATCH = 32;

/** Collects what a reranker and its queue report, and hands out snapshots. */
export class Stats {
  readonly counters: Counters = {
    pairs: 0,
    tokens: 0,
    batches: 0,
    truncated: 0,
    chunked: 0,
    cacheHits: 0,
    rejected: 0,
    completed: 0,
    partial: 0,
    timedOut: 0,
    aborted: 0,
    failed: 0,
  };
  readonly #clock: Clock;
  readonly #started: number;
  readonly #tokenizationMs = new Histogram(0.001);
  readonly #queueWaitMs = new Histogram(0.001);
  readonly #inferenceMs = new Histogram(0.001);
  readonly #otherMs = new Histogram(0.001);
  readonly #endToEndMs = new Histogram(0.001);
  readonly #batchMs = new Histogram(0.001);
  readonly #batchPairs = new Histogram(1);
  readonly #batchTokens = new Histogram(1);
  readonly #fixedOrder = { pairs: 0, longest: 0, tokens: 0, computed: 0 };
  #gauges: () => Gauges = () => ({ queuedPairs: 0, queuedTokens: 0, inFlight: 0 });
  #computedTokens = 0;
  #onDevice = 0;
  #busyMs = 0;
  #busySince = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#started = clock.now();
  }

  /** Where the gauges are read. */
  watch(gauges: () => Gauges): void {
    this.#gauges = gauges;
  }

  /** A call is done: its stages and, in ms, its whole time as its caller saw it. */
  recordCall(stages: Readonly<CallStages>, endToEndMs: number): void {
    const { tokenizationMs, queueMs, inferenceMs } = stages;
    this.#tokenizationMs.record(tokenizationMs);
    this.#queueWaitMs.record(queueMs);
    this.#inferenceMs.record(inferenceMs);
    this.#otherMs.record(Math.max(0, endToEndMs - tokenizationMs - queueMs - inferenceMs));
    this.#endToEndMs.record(endToEndMs);
  }

  callEnded(outcome: CallOutcome): void {
    this.counters[outcome] += 1;
  }

  /** A pair of this many tokens was queued. */
  arrived(length: number): void {
    const group = this.#fixedOrder;
    group.pairs += 1;
    group.tokens += length;
    group.longest = Math.max(group.longest, length);
    if (group.pairs % FIXED_BATCH > 0) return;
    group.computed += FIXED_BATCH * group.longest;
    group.longest = 0;
  }

  batchStarted(now: number): void {
    this.counters.batches += 1;
    if (this.#onDevice === 0) this.#busySince = now;
    this.#onDevice += 1;
  }

  /** A batch left the device, scored or failed. */
  batchEnded(now: number): void {
    this.#onDevice -= 1;
    if (this.#onDevice === 0) this.#busyMs += now - this.#busySince;
  }

  /** @param computed tokens the device worked on, dummies included */
  batchScored(pairs: number, tokens: number, computed: number, ms: number): void {
    this.counters.tokens += tokens;
    this.#computedTokens += computed;
    this.#batchMs.record(ms);
    this.#batchPairs.record(pairs);
    this.#batchTokens.record(tokens);
  }

  snapshot(): StatsSnapshot {
    const now = this.#clock.now();
    const uptimeMs = now - this.#started;
    const deviceBusyMs = this.#busyMs + (this.#onDevice > 0 ? now - this.#busySince : 0);
    const { pairs, longest, tokens, computed } = this.#fixedOrder;
    return {
      histograms: {
        tokenizationMs: this.#tokenizationMs.snapshot(),
        queueWaitMs: this.#queueWaitMs.snapshot(),
        inferenceMs: this.#inferenceMs.snapshot(),
        otherMs: this.#otherMs.snapshot(),
        endToEndMs: this.#endToEndMs.snapshot(),
        batchMs: this.#batchMs.snapshot(),
        batchPairs: this.#batchPairs.snapshot(),
        batchTokens: this.#batchTokens.snapshot(),
      },
      counters: { ...this.counters },
      gauges: { ...this.#gauges(), deviceBusyShare: uptimeMs > 0 ? deviceBusyMs / uptimeMs : 0 },
      uptimeMs,
      deviceBusyMs,
      dummyShare: dummyShare(this.counters.tokens, this.#computedTokens),
      fixedOrderDummyShare: dummyShare(tokens, computed + (pairs % FIXED_BATCH) * longest),
    };
  }
}

function dummyShare(tokens: number, computed: number): number {
  return computed > 0 ? 1 - tokens / computed : 0;
}
