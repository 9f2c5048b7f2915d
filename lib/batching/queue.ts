import type { Stats } from '../stats.js';
import { Backlog } from './backlog.js';
import { QueuedCall } from './call.js';
import { systemClock, type Clock } from './clock.js';
import {
  closedError,
  deviceError,
  isOutOfMemory,
  logitCountError,
  notFiniteError,
  overloadedError,
} from './failures.js';
import { Flow } from './fairness.js';
import { InFlight } from './in-flight.js';
import { checkCallOptions, type BatchingSettings } from './options.js';
import { groupByCall, Pair } from './pair.js';
import { planBatch } from './planner.js';
import { ScoreCache } from './score-cache.js';
import { Throughput } from './throughput.js';
import { hashTokens, packTokens } from './tokens.js';
import type { Call, CallOptions, Device, PackedPairs } from './types.js';

/** Dispatches that may leave a pair of their window behind before it goes ahead of everything. */
const MAX_PASSED_OVER = 4;

/**
 * Merges the pairs of all calls into batches and keeps the device busy: whenever it can take a batch and anything is
 * queued, one is planned and sent. While it is busy, the queue is the window in which pairs gather.
 */
export class BatchQueue {
  readonly #device: Device;
  readonly #settings: BatchingSettings;
  readonly #stats: Stats;
  readonly #clock: Clock;
  readonly #throughput: Throughput;
  readonly #cache: ScoreCache | undefined;
  readonly #backlog = new Backlog();
  readonly #flows = new Map<unknown, Flow>();
  readonly #calls = new Set<QueuedCall>();
  readonly #inFlight: InFlight;
  #pumpScheduled = false;
  /** `maxQueueDelayMs` only: since when something has been queued, and how to cancel the timer that ends the wait. */
  #gatheringSince: number | undefined;
  #cancelGathering: (() => void) | undefined;
  #closed = false;
  #onIdle: (() => void)[] = [];

  constructor(device: Device, settings: BatchingSettings, stats: Stats, clock: Clock = systemClock) {
    this.#device = device;
    this.#settings = settings;
    this.#stats = stats;
    this.#clock = clock;
    const { initialBatchTokens, targetBatchMs, maxBatchTokens, parallelPairs, maxInFlight, cacheSize } = settings;
    this.#throughput = new Throughput({
      initialTokens: initialBatchTokens,
      targetMs: targetBatchMs,
      maxTokens: maxBatchTokens,
      parallelPairs,
    });
    this.#inFlight = new InFlight(maxInFlight, targetBatchMs / 2);
    this.#cache = cacheSize > 0 ? new ScoreCache(cacheSize) : undefined;
    stats.watch(() => ({
      queuedPairs: this.#backlog.queuedPairs,
      queuedTokens: this.#backlog.queuedTokens,
      inFlight: this.#inFlight.count,
    }));
  }

  /**
   * Admits a call.
   *
   * @throws RerankerError `ERR_CLOSED`; `ERR_OVERLOADED` when other calls have `maxQueueSize` pairs queued;
   *   `ERR_INVALID_ARGUMENT`. If `signal` has aborted already, its reason.
   */
  open(options: CallOptions): Call {
    checkCallOptions(options);
    if (this.#closed) throw closedError();
    if (options.signal?.aborted) {
      this.#stats.counters.aborted += 1;
      throw options.signal.reason;
    }
    const { queuedPairs, queuedTokens } = this.#backlog;
    if (queuedPairs >= this.#settings.maxQueueSize) {
      this.#stats.counters.rejected += 1;
      const waitMs = queuedTokens / this.#throughput.tokensPerMs;
      throw overloadedError(queuedPairs, this.#settings.maxQueueSize, waitMs);
    }
    const host = {
      clock: this.#clock,
      stats: this.#stats,
      enqueue: (slice: PackedPairs & { first: number }) => this.#enqueue(call, slice),
      hasRoom: () => this.#hasRoom(call),
      leave: () => this.#leave(call),
    };
    const call: QueuedCall = new QueuedCall(host, this.#joinFlow(options), options);
    this.#calls.add(call);
    return call;
  }

  /**
   * Takes no more calls. Without `drain`, calls that have pairs queued or still to come reject with `ERR_CLOSED`;
   * with it, every open call is served to its end. Resolves when no call is open and the device is idle.
   */
  close({ drain = false }: { drain?: boolean } = {}): Promise<void> {
    this.#closed = true;
    if (!drain) for (const call of [...this.#calls]) if (!call.pastQueue) call.fail(closedError());
    this.#pump();
    if (this.#idle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #joinFlow({ fairnessKey, weight = 1 }: CallOptions): Flow {
    const key = this.#settings.scheduling === 'fifo' ? 'fifo' : (fairnessKey ?? Symbol('own flow'));
    let flow = this.#flows.get(key);
    if (!flow) this.#flows.set(key, (flow = new Flow(key)));
    flow.weight = weight;
    flow.calls += 1;
    return flow;
  }

  #leave(call: QueuedCall): void {
    for (const pair of call.pairs) this.#backlog.settle(pair);
    call.flow.calls -= 1;
    if (call.flow.calls === 0) this.#flows.delete(call.flow.key);
    this.#calls.delete(call);
    this.#stopGatheringIfEmpty();
    this.#announceIdle();
  }

  #enqueue(call: QueuedCall, slice: PackedPairs & { first: number }): void {
    let start = 0;
    for (const [i, length] of slice.lengths.entries()) {
      const pair = new Pair(call, slice.first + i, slice, start, length);
      start += length;
      this.#stats.arrived(length);
      const hash = hashTokens(pair);
      const cached = this.#cache?.get(hash, pair);
      if (cached) {
        this.#stats.counters.cacheHits += 1;
        call.deliver(pair.index, cached);
        if (call.over) return;
      } else {
        this.#backlog.add(pair, hash);
      }
    }
    this.#gatheringSince ??= this.#clock.now();
    // In a microtask, so that what is pushed in the same turn shares a batch.
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  /** Room is left until the batches on the device and one more window could be filled from this call alone. */
  #hasRoom(call: QueuedCall): boolean {
    const { windowBatches, maxInFlight, maxBatchSize } = this.#settings;
    const batches = windowBatches + maxInFlight;
    if (call.queuedPairs >= batches * maxBatchSize) return false;
    return call.queuedTokens < batches * this.#throughput.batchTokens;
  }

  /** Gives the device what it can take. */
  #pump(): void {
    while (this.#inFlight.hasRoom(this.#throughput.tokensPerMs)) {
      const pairs = this.#backlog.nextRedo() ?? this.#nextBatch();
      if (!pairs) break;
      void this.#run(this.#backlog.start(pairs));
    }
    this.#stopGatheringIfEmpty();
  }

  #nextBatch(): Pair[] | undefined {
    if (this.#backlog.queuedPairs === 0 || this.#gathering()) return undefined;
    const { windowBatches, maxBatchSize, maxBatchArea, lengthMultiple, bucketTokens } = this.#settings;
    const { batchTokens, stretchedTokens } = this.#throughput;
    const windowTokens = windowBatches * batchTokens;
    const stretched = windowBatches === 1 ? stretchedTokens : windowTokens;
    const window = this.#backlog.window(windowTokens, windowBatches * maxBatchSize, stretched);
    if (window.length === 0) return undefined;
    const lengths = window.map((pair) => pair.length);
    // A window of one batch is the batch, and may be a stretched one.
    const maxTokens = windowBatches === 1 ? Math.max(batchTokens, sum(lengths)) : batchTokens;
    const positions = planBatch(
      lengths,
      window.map((pair) => Number(pair.passedOver >= MAX_PASSED_OVER)),
      { maxTokens, maxPairs: maxBatchSize, maxArea: maxBatchArea, lengthMultiple, bucketTokens },
    );
    for (const pair of window) pair.passedOver += 1;
    return positions.map((position) => window[position]!);
  }

  async #run(runners: Pair[]): Promise<void> {
    const batch = packTokens(runners);
    const tokens = batch.inputIds.length;
    const started = this.#clock.now();
    const sent = this.#inFlight.send(tokens, started);
    this.#stats.batchStarted(started);
    const onUnderWay = () => {
      sent.underWay();
      this.#pump();
    };
    let result: { logits: Float32Array } | { error: unknown };
    try {
      const logits = await this.#device.score(batch, onUnderWay);
      const expected = runners.length * this.#device.labels;
      result = logits?.length === expected ? { logits } : { error: logitCountError(expected, logits) };
    } catch (error) {
      result = { error };
    }
    const now = this.#clock.now();
    const ms = sent.end(now);
    this.#stats.batchEnded(now);
    if ('logits' in result) {
      this.#throughput.observe(runners.length, tokens, ms);
      this.#stats.batchScored(runners.length, tokens, batch.computedTokens ?? tokens, ms);
      this.#complete(runners, result.logits);
    } else {
      this.#recover(runners, tokens, result.error);
    }
    this.#announceIdle();
  }

  #complete(runners: Pair[], logits: Float32Array): void {
    const { labels } = this.#device;
    const deliveries: { pair: Pair; row: Float32Array }[] = [];
    for (const [i, runner] of runners.entries()) {
      const row = logits.subarray(i * labels, (i + 1) * labels);
      if (row.every(Number.isFinite)) {
        this.#cache?.set(runner.work.hash, runner, row);
        for (const pair of this.#backlog.complete(runner)) deliveries.push({ pair, row });
      } else {
        this.#backlog.release(runner);
        if (runner.state === 'running') runner.call.fail(notFiniteError(runner.call.nameOf(runner.index), row));
      }
    }
    this.#pump(); // the device first: callers' code may take its time
    for (const { pair, row } of deliveries) pair.call.deliver(pair.index, row);
  }

  /**
   * A batch failed. What shared it with another call is run again one call at a time; what filled it alone fails its
   * call, or is halved when memory was too small.
   */
  #recover(runners: Pair[], tokens: number, error: unknown): void {
    for (const runner of runners) this.#backlog.release(runner);
    const live = runners.filter((pair) => pair.state === 'running');
    const alone = runners.every((pair) => pair.call === runners[0]!.call);
    if (isOutOfMemory(error)) this.#throughput.shrink(tokens);
    if (!alone) {
      for (const pairs of groupByCall(live)) this.#backlog.runAgain(pairs);
    } else if (isOutOfMemory(error) && live.length > 1) {
      const half = Math.ceil(live.length / 2);
      this.#backlog.runAgain(live.slice(0, half));
      this.#backlog.runAgain(live.slice(half));
    } else {
      live[0]?.call.fail(deviceError(error));
    }
    this.#pump();
  }

  /** Whether `maxQueueDelayMs` still holds back what is queued. If so, a timer will pump. */
  #gathering(): boolean {
    const { maxQueueDelayMs, maxBatchSize } = this.#settings;
    if (maxQueueDelayMs === 0 || this.#closed) return false;
    const { queuedPairs, queuedTokens } = this.#backlog;
    if (queuedPairs >= maxBatchSize || queuedTokens >= this.#throughput.batchTokens) return false;
    const left = (this.#gatheringSince ?? -Infinity) + maxQueueDelayMs - this.#clock.now();
    if (left <= 0) return false;
    this.#cancelGathering ??= this.#clock.setTimer(() => {
      this.#cancelGathering = undefined;
      this.#pump();
    }, left);
    return true;
  }

  #stopGatheringIfEmpty(): void {
    if (this.#backlog.queuedPairs > 0) return;
    this.#gatheringSince = undefined;
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
  }

  get #idle(): boolean {
    return this.#calls.size === 0 && this.#inFlight.count === 0;
  }

  #announceIdle(): void {
    if (!this.#idle) return;
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle = [];
  }
}

const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);
