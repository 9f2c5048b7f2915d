import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { BatchQueue } from '../../../lib/batching/queue.js';
import type { Call, PackedBatch } from '../../../lib/batching/types.js';
import { Stats } from '../../../lib/stats.js';
import { pairsOf, setUp } from './set-up.js';
import { packPairs, plainSettings } from './world.js';

describe('admission', () => {
  test('refuses a call while others have maxQueueSize pairs queued, and says when to come back', async () => {
    const { submit, queue, stats, clock, device } = setUp(
      { maxQueueSize: 20, maxBatchSize: 10 },
      { startMs: 0, msPerToken: 0.1 },
    );
    const first = submit(pairsOf(40, 10)); // more than maxQueueSize: a call alone is never refused
    await clock.until(0);
    expect(() => queue.open({ onLogits() {} })).toThrowError(
      expect.objectContaining({ code: 'ERR_OVERLOADED', retryAfterMs: Math.ceil(300 / 20) }),
    );
    await clock.until(10); // one batch at the true rate: 10 tokens a ms
    expect(device.batches).toHaveLength(2);
    let error: unknown;
    try {
      queue.open({ onLogits() {} });
    } catch (thrown) {
      error = thrown;
    }
    const { retryAfterMs } = error as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(10);
    expect(retryAfterMs).toBeLessThanOrEqual(20);
    await clock.until(clock.now() + retryAfterMs);
    expect(submit(pairsOf(1, 10)).call).toBeDefined();
    expect(stats.counters.rejected).toBe(2);
    await clock.run();
    expect(first.result.done).toEqual({ partial: false });
  });

  test('feeds a big call a few batches at a time, and starts before its last pair is known', async () => {
    const { queue, clock, device, stats } = setUp({
      maxBatchTokens: 100,
      initialBatchTokens: 100,
      maxBatchSize: 100,
    });
    let most = 0;
    let pushed = 0;
    let scored = 0;
    let pushedAtFirstScore = 0;
    const call = queue.open({
      onLogits() {
        pushedAtFirstScore ||= pushed;
        scored += 1;
      },
    });
    const feed = async () => {
      for (let first = 0; first < 1000; first += 10) {
        call.push({ ...packPairs(pairsOf(10, 10)), first });
        pushed += 10;
        most = Math.max(most, stats.snapshot().gauges.queuedPairs);
        expect(await call.wanted()).toBe(true);
      }
      await call.end();
    };
    const fed = feed();
    await clock.run();
    await fed;
    expect(scored).toBe(1000);
    expect(pushedAtFirstScore).toBeLessThan(100);
    expect(most).toBeLessThanOrEqual(30);
    expect(device.batches.every(({ tokens }) => tokens === 100)).toBe(true);
  });
});

describe('leaving early', () => {
  test('abort: queued pairs leave at once, running ones are discarded, the reason comes through', async () => {
    const { submit, clock, device, stats } = setUp({ maxBatchSize: 2 });
    const controller = new AbortController();
    const { result, received } = submit(pairsOf(6, 10), { signal: controller.signal });
    await clock.until(0);
    expect(stats.snapshot().gauges.queuedPairs).toBe(4);
    controller.abort('enough');
    expect(stats.snapshot().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0, inFlight: 1 });
    await clock.until(0);
    expect(result).toEqual({ error: 'enough', at: 0 });
    await clock.run();
    expect(received).toEqual([]);
    expect(device.batches).toHaveLength(1);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('a signal that has aborted is refused with its reason', () => {
    const { queue, stats } = setUp();
    expect(() => queue.open({ signal: AbortSignal.abort('no'), onLogits() {} })).toThrow('no');
    expect(stats.counters.aborted).toBe(1);
  });

  test('many calls may share one signal without a warning from Node', async () => {
    const { submit, clock } = setUp();
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.name);
    process.on('warning', listen);
    const controller = new AbortController();
    for (let i = 0; i < 30; i += 1) submit(pairsOf(1, 10), { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    await clock.run();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  test('timeoutMs covers time in the queue and on the device', async () => {
    const { submit, clock, stats } = setUp({ maxBatchSize: 1 }, { startMs: 10, msPerToken: 0 });
    const running = submit(pairsOf(1, 10), { timeoutMs: 5 });
    const queued = submit(pairsOf(1, 10), { timeoutMs: 15 });
    const patient = submit(pairsOf(1, 10), { timeoutMs: 35 });
    await clock.run();
    expect(running.result).toMatchObject({ error: { code: 'ERR_TIMEOUT' }, at: 5 });
    expect(queued.result).toMatchObject({ error: { code: 'ERR_TIMEOUT' }, at: 15 });
    expect(patient.result.done).toEqual({ partial: false });
    expect(stats.counters.timedOut).toBe(2);
    expect(clock.timers).toBe(0);
  });

  test('deadlineMs resolves with what is scored by then, and stops the feeder', async () => {
    const { queue, clock } = setUp({ maxBatchSize: 1 }, { startMs: 10, msPerToken: 0 });
    const received: number[] = [];
    const call = queue.open({ deadlineMs: 25, onLogits: (index) => received.push(index) });
    call.push({ ...packPairs(pairsOf(5, 10)), first: 0 });
    const wanted = call.wanted();
    const more = call.wanted();
    await clock.until(25);
    await expect(Promise.all([wanted, more])).resolves.toEqual([false, false]);
    expect(call.signal.aborted).toBe(true);
    call.push({ ...packPairs(pairsOf(5, 10)), first: 5 });
    await expect(call.end()).resolves.toEqual({ partial: true });
    await clock.run();
    expect(received).toEqual([0, 1]);
  });

  test('a feeder can give up, and end() tells its reason', async () => {
    const { queue, clock, stats } = setUp();
    const call = queue.open({ onLogits() {} });
    call.push({ ...packPairs(pairsOf(5, 10)), first: 0 });
    call.abort(new Error('tokenizer died'));
    await expect(call.end()).rejects.toThrow('tokenizer died');
    await clock.run();
    expect(stats.counters.failed).toBe(1);
  });
});

describe('close', () => {
  test('rejects what is queued, finishes what is running, then takes no more', async () => {
    const { submit, queue, clock, device } = setUp({ maxBatchSize: 2 });
    const running = submit(pairsOf(2, 10));
    await clock.until(0);
    const queued = submit(pairsOf(2, 10));
    await clock.until(0);
    let closed = false;
    void queue.close().then(() => (closed = true));
    await clock.until(0);
    expect(queued.result.error).toMatchObject({ code: 'ERR_CLOSED' });
    expect(closed).toBe(false);
    await clock.run();
    expect(closed).toBe(true);
    expect(running.result.done).toEqual({ partial: false });
    expect(device.batches).toHaveLength(1);
    expect(() => queue.open({ onLogits() {} })).toThrowError(expect.objectContaining({ code: 'ERR_CLOSED' }));
    await queue.close();
  });

  test('with drain serves every open call to its end, gathering no longer', async () => {
    const { submit, queue, clock, device } = setUp({ maxBatchSize: 2, maxQueueDelayMs: 1000 });
    const open = queue.open({ onLogits() {} });
    const calls = [submit(pairsOf(1, 10))];
    await clock.until(0);
    expect(device.batches).toHaveLength(0);
    const closed = queue.close({ drain: true });
    await clock.until(5);
    expect(calls[0]!.result.done).toEqual({ partial: false });
    open.push({ ...packPairs(pairsOf(3, 10)), first: 0 });
    await expect(Promise.all([clock.run().then(() => open.end()), closed])).resolves.toBeDefined();
    expect(clock.timers).toBe(0);
  });

  test('without drain after one with drain rejects what is left', async () => {
    const { submit, queue, clock } = setUp({ maxBatchSize: 1 });
    const { result } = submit(pairsOf(3, 10));
    await clock.until(0);
    const closes = [queue.close({ drain: true }), queue.close()];
    await clock.run();
    await Promise.all(closes);
    expect(result.error).toMatchObject({ code: 'ERR_CLOSED' });
  });
});

test('on the system clock, an open call keeps its timeout alive and a settled one leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const score = (batch: PackedBatch) => Promise.resolve(new Float32Array(batch.offsets.length - 1));
  const queue = new BatchQueue({ labels: 1, score }, { ...plainSettings, maxQueueDelayMs: 1 }, new Stats());
  const before = timers();
  const call: Call = queue.open({ timeoutMs: 60_000, deadlineMs: 60_000, onLogits() {} });
  expect(timers()).toBe(before + 2);
  call.push({ ...packPairs(pairsOf(3, 10)), first: 0 });
  await expect(call.end()).resolves.toEqual({ partial: false });
  expect(timers()).toBe(before);
  await queue.close();
});

test('options of a call are checked', () => {
  const { queue } = setUp();
  const open = (options: object) => () => queue.open({ onLogits() {}, ...options });
  expect(open({ weight: 0 })).toThrow('Option "weight": expected a number from 0.001 to 1000, received 0.');
  expect(open({ timeoutMs: -1 })).toThrow('Option "timeoutMs"');
  expect(open({ deadlineMs: NaN })).toThrow('Option "deadlineMs"');
  expect(open({ signal: {} })).toThrow('Option "signal": expected an AbortSignal, received Object.');
});
