import { RerankerError } from '../errors.js';
import type { CallOutcome, Stats } from '../stats.js';
import { onAbort } from './abort-signals.js';
import type { Clock } from './clock.js';
import type { Flow } from './fairness.js';
import type { Pair } from './pair.js';
import type { Call, CallOptions, CallStages, PackedPairs } from './types.js';

/** What a call needs of its queue. */
export interface CallHost {
  readonly clock: Clock;
  readonly stats: Stats;
  enqueue(slice: PackedPairs & { first: number }): void;
  /** Whether the call has few enough pairs queued to be given more. */
  hasRoom(): boolean;
  /** The call is over: whatever it still has leaves the queue. */
  leave(): void;
}

type Ending = { partial: boolean } | { error: unknown };

/** One open call: what it has queued and running, its timers, and the one way in which it ends. */
export class QueuedCall implements Call {
  readonly flow: Flow;
  /** Every pair that is not settled. */
  readonly pairs = new Set<Pair>();
  readonly stages: CallStages = { tokenizationMs: 0, queueMs: 0, inferenceMs: 0 };
  readonly #host: CallHost;
  readonly #onLogits: CallOptions['onLogits'];
  readonly #nameOf: CallOptions['nameOf'];
  readonly #cleanups: (() => void)[] = [];
  #queuedPairs = 0;
  #queuedTokens = 0;
  #runningPairs = 0;
  /** Pairs pushed whose logits have not been handed over. */
  #awaited = 0;
  #ended = false;
  #ending: Ending | undefined;
  #end: { promise: Promise<{ partial: boolean }>; settle: (ending: Ending) => void } | undefined;
  #wanted: { promise: Promise<boolean>; resolve: (more: boolean) => void } | undefined;
  #controller: AbortController | undefined;
  /** Set when the call is over before its end. */
  #stop: { reason: unknown } | undefined;
  #stage: keyof CallStages | undefined = 'tokenizationMs';
  #stageSince: number;

  constructor(host: CallHost, flow: Flow, options: CallOptions) {
    this.#host = host;
    this.flow = flow;
    this.#onLogits = options.onLogits;
    this.#nameOf = options.nameOf;
    this.#stageSince = host.clock.now();
    const { signal, timeoutMs, deadlineMs } = options;
    if (signal) this.#cleanups.push(onAbort(signal, (reason) => this.#finish({ error: reason }, 'aborted')));
    if (timeoutMs !== undefined) {
      this.#cleanups.push(host.clock.setTimer(() => this.#timeOut(timeoutMs), timeoutMs));
    }
    if (deadlineMs !== undefined) {
      const expire = () => this.#finish({ partial: true }, 'partial');
      this.#cleanups.push(host.clock.setTimer(expire, deadlineMs));
    }
  }

  get over(): boolean {
    return this.#ending !== undefined;
  }

  get queuedPairs(): number {
    return this.#queuedPairs;
  }

  get queuedTokens(): number {
    return this.#queuedTokens;
  }

  /** Whether every pair has been pushed and none is left in the queue. */
  get pastQueue(): boolean {
    return this.#ended && this.#queuedPairs === 0;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#stop) this.#controller.abort(this.#stop.reason);
    }
    return this.#controller.signal;
  }

  push(slice: PackedPairs & { first: number }): void {
    if (this.#ended) throw new RerankerError('ERR_INVALID_ARGUMENT', 'Expected no push after end().');
    if (this.over) return;
    this.#awaited += slice.lengths.length;
    this.#host.enqueue(slice);
  }

  wanted(): Promise<boolean> {
    if (this.over) return Promise.resolve(false);
    if (this.#host.hasRoom()) return Promise.resolve(true);
    if (!this.#wanted) {
      let resolve!: (more: boolean) => void;
      const promise = new Promise<boolean>((settle) => (resolve = settle));
      this.#wanted = { promise, resolve };
    }
    return this.#wanted.promise;
  }

  end(): Promise<{ partial: boolean }> {
    if (!this.#end) {
      this.#ended = true;
      let settle!: (ending: Ending) => void;
      const promise = new Promise<{ partial: boolean }>((resolve, reject) => {
        settle = (ending) => ('error' in ending ? reject(ending.error) : resolve(ending));
      });
      this.#end = { promise, settle };
      if (this.#ending) settle(this.#ending);
      else if (this.#awaited === 0) this.#finish({ partial: false }, 'completed');
      else this.#enterStage();
    }
    return this.#end.promise;
  }

  abort(reason: unknown): void {
    this.fail(reason);
  }

  nameOf(index: number): string {
    return this.#nameOf?.(index) ?? `the pair at index ${index}`;
  }

  /** Ends the call with this error; nothing if it is over. */
  fail(error: unknown): void {
    this.#finish({ error }, 'failed');
  }

  /** Hands a pair's logits over; nothing if the call is over. */
  deliver(index: number, logits: Float32Array): void {
    if (this.over) return;
    try {
      this.#onLogits(index, logits);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#host.stats.counters.pairs += 1;
    this.#awaited -= 1;
    if (this.#awaited === 0 && this.#ended) this.#finish({ partial: false }, 'completed');
  }

  /** The queue keeps this call's counts, by which it knows its stage and whether more pairs are wanted. */
  count(queuedPairs: number, queuedTokens: number, runningPairs: number): void {
    this.#queuedPairs += queuedPairs;
    this.#queuedTokens += queuedTokens;
    this.#runningPairs += runningPairs;
    this.#enterStage();
    if (this.#wanted && !this.over && this.#host.hasRoom()) this.#answerWanted(true);
  }

  #timeOut(timeoutMs: number): void {
    const message =
      `Expected all scores within timeoutMs = ${timeoutMs}, but ${this.#awaited} queued or running pairs were ` +
      'not scored by then. Allow more time, or use deadlineMs to get what is scored in time.';
    this.#finish({ error: new RerankerError('ERR_TIMEOUT', message) }, 'timedOut');
  }

  #enterStage(): void {
    let stage: keyof CallStages | undefined;
    if (this.over) stage = undefined;
    else if (this.#runningPairs > 0) stage = 'inferenceMs';
    else if (this.#queuedPairs > 0) stage = 'queueMs';
    else if (!this.#ended) stage = 'tokenizationMs';
    if (stage === this.#stage) return;
    const now = this.#host.clock.now();
    if (this.#stage) this.stages[this.#stage] += now - this.#stageSince;
    this.#stage = stage;
    this.#stageSince = now;
  }

  #answerWanted(more: boolean): void {
    this.#wanted?.resolve(more);
    this.#wanted = undefined;
  }

  /** The one way a call ends; every later attempt does nothing. */
  #finish(ending: Ending, outcome: CallOutcome): void {
    if (this.over) return;
    this.#ending = ending;
    for (const cleanup of this.#cleanups) cleanup();
    this.#enterStage();
    this.#host.stats.callEnded(outcome);
    this.#answerWanted(false);
    this.#end?.settle(ending);
    this.#host.leave();
    if (outcome === 'completed') return;
    const late = () => new DOMException('deadlineMs has passed', 'TimeoutError');
    this.#stop = { reason: 'error' in ending ? ending.error : late() };
    this.#controller?.abort(this.#stop.reason);
  }
}
