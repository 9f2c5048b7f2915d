import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { BatchQueue } from '../../../lib/batching/queue.js';
import type { Call } from '../../../lib/batching/types.js';
import { RerankerError } from '../../../lib/errors.js';
import { Stats } from '../../../lib/stats.js';
import type { CallPlan, ClosePlan, History } from './histories.js';
import { FakeDevice, keyOf, logitOfPair, packPairs, VirtualClock } from './world.js';

type Ending = { partial: boolean } | { error: unknown };

/** One call of a history, and what has become of it. */
class Actor {
  readonly plan: CallPlan;
  readonly keys: string[];
  readonly controller = new AbortController();
  readonly abortReason = { why: 'the test said so' };
  readonly feederError = new Error('feeder failed');
  readonly callbackError = new Error('callback failed');
  readonly received = new Map<number, number[]>();
  readonly pushedAt: number[] = [];
  refused: unknown;
  ending: Ending | undefined;
  openedAt = 0;
  overAt: number | undefined;
  call: Call | undefined;

  constructor(plan: CallPlan) {
    this.plan = plan;
    this.keys = plan.pairs.map(keyOf);
  }

  /** Indices pushed and not received. */
  outstanding(): number[] {
    return this.pushedAt.map((_, index) => index).filter((index) => !this.received.has(index));
  }
}

function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`);
}

/** Plays a history in virtual time and checks every invariant of the queue on the way and at the end. */
export async function play({ settings, device: deviceOptions, calls, closes }: History): Promise<void> {
  const clock = new VirtualClock();
  const device = new FakeDevice(clock, deviceOptions);
  const stats = new Stats(clock);
  const queue = new BatchQueue(device, settings, stats, clock);
  const actors = calls.map((plan) => new Actor(plan));
  const closedAt: (ClosePlan & { resolvedAt?: number })[] = [];
  const labels = device.labels;
  // A broken invariant found where nobody would see it thrown is kept until the next step.
  const broken: unknown[] = [];
  const watch = (task: Promise<void>) => void task.catch((error: unknown) => broken.push(error));

  async function act(actor: Actor): Promise<void> {
    const { plan, controller } = actor;
    actor.openedAt = clock.now();
    try {
      actor.call = queue.open({
        weight: plan.weight,
        fairnessKey: plan.fairnessKey,
        timeoutMs: plan.timeoutMs,
        deadlineMs: plan.deadlineMs,
        signal: plan.abortAt === undefined ? undefined : controller.signal,
        onLogits(index, logits) {
          // Not thrown: the queue takes an error of this callback for the call's own.
          if (actor.overAt !== undefined)
            broken.push(new Error(`pair ${index} was delivered to a call that was over`));
          if (actor.received.has(index)) broken.push(new Error(`pair ${index} was delivered twice`));
          if (index === plan.throwsAt) throw actor.callbackError;
          actor.received.set(index, [...logits]);
        },
      });
    } catch (error) {
      actor.refused = error;
      actor.overAt = clock.now();
      return;
    }
    const { call } = actor;
    call.signal.addEventListener('abort', () => (actor.overAt ??= clock.now()));
    for (let first = 0, slice = 0; first < plan.pairs.length; first += plan.sliceSize, slice += 1) {
      if (plan.gapMs > 0) await clock.sleep(plan.gapMs);
      if (slice === plan.feederFailsAt) {
        call.abort(actor.feederError);
        break;
      }
      if (call.signal.aborted) break;
      const pairs = plan.pairs.slice(first, first + plan.sliceSize);
      for (const _ of pairs) actor.pushedAt.push(clock.now());
      call.push({ ...packPairs(pairs), first });
      if (plan.polite && !(await call.wanted())) break;
    }
    actor.ending = await call.end().then(
      (result) => result,
      (error: unknown) => ({ error }),
    );
    actor.overAt ??= clock.now();
  }

  function checkCaps(): void {
    for (const batch of device.batches.slice(checked)) {
      const { keys, tokens, area } = batch;
      assert(keys.length > 0 && keys.length <= settings.maxBatchSize, `a batch of ${keys.length} pairs`);
      assert(keys.length === 1 || tokens <= settings.maxBatchTokens, `a batch of ${tokens} tokens`);
      assert(keys.length === 1 || area <= settings.maxBatchArea, `a batch of area ${area}`);
      assert(new Set(keys).size === keys.length, 'a batch held the same sequence twice');
    }
    checked = device.batches.length;
  }
  let checked = 0;

  function checkNotIdle(): void {
    assert(device.running.size <= settings.maxInFlight, `${device.running.size} batches in flight`);
    if (device.running.size === settings.maxInFlight || device.waiting.size > 0) return;
    const running = new Set([...device.running].flatMap((batch) => batch.keys));
    for (const actor of actors) {
      if (actor.overAt !== undefined) continue;
      for (const index of actor.outstanding()) {
        if (running.has(actor.keys[index]!)) continue;
        const age = clock.now() - actor.pushedAt[index]!;
        const gathering = settings.maxQueueDelayMs > 0 && age <= settings.maxQueueDelayMs + 1e-6;
        assert(gathering, `the device had room while a pair had been queued for ${age} ms`);
      }
    }
  }

  function checkTimes(): void {
    for (const { call, plan, openedAt, overAt } of actors) {
      if (!call || overAt !== undefined) continue;
      const limit = Math.min(
        openedAt + (plan.timeoutMs ?? Infinity),
        openedAt + (plan.deadlineMs ?? Infinity),
        plan.abortAt !== undefined && plan.abortAt >= openedAt ? plan.abortAt : Infinity,
      );
      assert(clock.now() <= limit, `a call was open at ${clock.now()} that had to be over at ${limit}`);
    }
  }

  /** What a call needed is given back when it is over, not when its time has come. */
  function checkLeftovers(): void {
    for (const { overAt, controller } of actors) {
      if (overAt === undefined) continue;
      assert(getEventListeners(controller.signal, 'abort').length === 0, 'a listener outlived its call');
    }
    const open = actors.some(({ call, overAt }) => call && overAt === undefined);
    assert(open || clock.timers === 0, `${clock.timers} timers outlived every call`);
  }

  /** Right after `close()` only calls go on that have all their pairs on the device. */
  function checkSpared(): void {
    const running = new Set([...device.running].flatMap((batch) => batch.keys));
    for (const actor of actors) {
      if (!actor.call || actor.overAt !== undefined) continue;
      const left = actor.outstanding().filter((index) => !running.has(actor.keys[index]!));
      assert(left.length === 0, `close() left ${left.length} pairs of a call in the queue`);
    }
  }

  for (const actor of actors) {
    clock.after(actor.plan.at, () => watch(act(actor)));
    const { abortAt } = actor.plan;
    if (abortAt !== undefined) clock.after(abortAt, () => actor.controller.abort(actor.abortReason));
  }
  const close = (drain: boolean) => {
    const record: (typeof closedAt)[number] = { at: clock.now(), drain };
    closedAt.push(record);
    if (!drain) watch(turn().then(checkSpared));
    watch(
      queue.close({ drain }).then(async () => {
        record.resolvedAt = clock.now();
        assert(device.running.size === 0, 'close() resolved while a batch was running');
        await turn();
        const open = actors.some(({ call, overAt }) => call && overAt === undefined);
        assert(!open, 'close() resolved while a call was open');
      }),
    );
  };
  for (const { at, drain } of closes) clock.after(at, () => close(drain));

  while (await clock.step()) {
    checkCaps();
    checkNotIdle();
    checkTimes();
    checkLeftovers();
    if (broken.length > 0) throw broken[0];
  }
  close(false);
  await clock.run();
  if (broken.length > 0) throw broken[0];

  for (const actor of actors) checkEnding(actor, device, closedAt, labels);
  assert(
    closedAt.every(({ resolvedAt }) => resolvedAt !== undefined),
    'close() never resolved',
  );
  let refusal: unknown;
  try {
    queue.open({ onLogits() {} });
  } catch (error) {
    refusal = error;
  }
  assert(refusal instanceof RerankerError && refusal.code === 'ERR_CLOSED', 'a closed queue took a call');

  const { gauges, counters } = stats.snapshot();
  assert(gauges.queuedPairs === 0, `${gauges.queuedPairs} pairs counted as queued at the end`);
  assert(gauges.queuedTokens === 0, `${gauges.queuedTokens} tokens counted as queued at the end`);
  assert(gauges.inFlight === 0, `${gauges.inFlight} batches counted as in flight at the end`);
  checkLeftovers();
  const count = (test: (actor: Actor) => unknown) => actors.filter(test).length;
  assert(counters.pairs === actors.reduce((sum, actor) => sum + actor.received.size, 0), 'pairs miscounted');
  assert(counters.batches === device.batches.length, 'batches miscounted');
  assert(
    counters.completed === count(({ ending }) => ending && 'partial' in ending && !ending.partial),
    'completed',
  );
  assert(
    counters.partial === count(({ ending }) => ending && 'partial' in ending && ending.partial),
    'partial',
  );
  assert(
    counters.timedOut === count(({ ending }) => codeOf(ending) === 'ERR_TIMEOUT'),
    'timedOut miscounted',
  );
  assert(
    counters.rejected === count(({ refused }) => codeOf({ error: refused }) === 'ERR_OVERLOADED'),
    'rejected',
  );
  const aborted = (actor: Actor) =>
    actor.refused === actor.abortReason || (actor.ending && errorOf(actor.ending) === actor.abortReason);
  assert(counters.aborted === count(aborted), 'aborted miscounted');
}

function errorOf(ending: Ending | undefined): unknown {
  return ending && 'error' in ending ? ending.error : undefined;
}

function codeOf(ending: Ending | undefined): string | undefined {
  const error = errorOf(ending);
  return error instanceof RerankerError ? error.code : undefined;
}

/** Whether what a call got is what it should have got, given all that happened. */
function checkEnding(actor: Actor, device: FakeDevice, closedAt: ClosePlan[], labels: number): void {
  const { plan, keys, refused, ending, received, openedAt, call } = actor;
  const overAt = actor.overAt!;
  if (refused !== undefined) {
    const code = codeOf({ error: refused });
    if (refused === actor.abortReason)
      assert(plan.abortAt! <= openedAt, 'refused as aborted before its time');
    else if (code === 'ERR_CLOSED') assert(closedAt[0]!.at <= openedAt, 'refused as closed before its time');
    else
      assert(
        code === 'ERR_OVERLOADED' && (refused as RerankerError).retryAfterMs! > 0,
        `refused with ${refused}`,
      );
    return;
  }
  assert(ending, 'a call never settled');

  for (const [index, logits] of received) {
    const expected = Array.from({ length: labels }, (_, label) => logitOfPair(plan.pairs[index]!, label));
    assert(String(logits) === String(expected), `pair ${index} received ${logits}, expected ${expected}`);
  }
  const { tokenizationMs, queueMs, inferenceMs } = call!.stages;
  const staged = tokenizationMs + queueMs + inferenceMs;
  assert(
    Math.abs(staged - (overAt - openedAt)) < 1e-6,
    `stages sum to ${staged}, not to ${overAt - openedAt}`,
  );

  if ('partial' in ending) {
    if (ending.partial) {
      assert(overAt === openedAt + plan.deadlineMs!, 'partial, but not at its deadline');
    } else {
      assert(
        received.size === plan.pairs.length,
        `complete with ${received.size} of ${plan.pairs.length} pairs`,
      );
      assert(
        plan.throwsAt === undefined || plan.throwsAt >= plan.pairs.length,
        'an error in onLogits was lost',
      );
    }
    return;
  }

  const { error } = ending;
  const code = codeOf(ending);
  if (error === actor.abortReason) {
    assert(overAt === plan.abortAt, 'aborted, but not when its signal did');
  } else if (error === actor.feederError) {
    assert(plan.feederFailsAt !== undefined, 'a feeder error out of nowhere');
  } else if (error === actor.callbackError) {
    assert(plan.throwsAt !== undefined, 'a callback error out of nowhere');
  } else if (code === 'ERR_TIMEOUT') {
    assert(overAt === openedAt + plan.timeoutMs!, 'timed out, but not at its timeout');
  } else if (code === 'ERR_CLOSED') {
    assert(
      closedAt.some(({ at, drain }) => !drain && at === overAt),
      'closed, but nobody closed',
    );
  } else {
    assert(code === 'ERR_DEVICE' || code === 'ERR_OUT_OF_MEMORY', `rejected with ${String(error)}`);
    const index = Number(/pair at index (\d+)/.exec((error as Error).message)?.[1] ?? NaN);
    const notFinite = plan.pairs[index]?.kind === 'nan';
    // A failed batch is this call's own fault only if it held nothing but this call's pairs.
    const own = device.batches.some(
      (batch) => batch.failed && batch.endedAt === overAt && batch.keys.every((key) => keys.includes(key)),
    );
    const single = device.batches.some((batch) => batch.endedAt === overAt && batch.keys.length === 1);
    assert(code !== 'ERR_OUT_OF_MEMORY' || single, 'out of memory with a batch that could have been halved');
    assert(notFinite || own, `rejected for what other calls did: ${String(error)}`);
  }
}
