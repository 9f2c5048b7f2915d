import { describe, expect, test } from 'vitest';
import { BatchQueue } from '../../../lib/batching/queue.js';
import type { PackedBatch } from '../../../lib/batching/types.js';
import { Stats } from '../../../lib/stats.js';
import { FakeDevice, packPairs, plainSettings, VirtualClock, type FakePair } from './world.js';

const pairsOf = (count: number, length: number): FakePair[] =>
  Array.from({ length: count }, (_, seed) => ({ length, seed, kind: 'plain' }));

describe('stages of a call', () => {
  test('never overlap, and with the rest sum to its end-to-end time', async () => {
    const clock = new VirtualClock();
    const device = new FakeDevice(clock, { startMs: 10, msPerToken: 0 });
    const stats = new Stats(clock);
    const queue = new BatchQueue(device, plainSettings, stats, clock);
    const other = queue.open({ onLogits() {} });
    other.push({ ...packPairs(pairsOf(1, 9)), first: 0 });
    void other.end();
    await clock.until(2);
    const call = queue.open({ onLogits() {} });
    await clock.until(5); // 3 ms of tokenization
    call.push({ ...packPairs(pairsOf(2, 10)), first: 0 });
    await clock.until(12); // queued for 5 ms, then running
    call.push({ ...packPairs(pairsOf(2, 11)), first: 2 }); // tokenized and queued behind the running batch
    await clock.run();
    await call.end();
    expect(call.stages).toEqual({ tokenizationMs: 3, queueMs: 5, inferenceMs: 20 });
    stats.recordCall(call.stages, 30);
    const { tokenizationMs, queueWaitMs, inferenceMs, otherMs, endToEndMs } = stats.snapshot().histograms;
    expect(otherMs.total).toBe(2);
    expect(tokenizationMs.total + queueWaitMs.total + inferenceMs.total + otherMs.total).toBe(
      endToEndMs.total,
    );
  });
});

describe('snapshot', () => {
  test('is a plain object that does not change afterwards', async () => {
    const clock = new VirtualClock();
    const stats = new Stats(clock);
    const before = stats.snapshot();
    expect(structuredClone(before)).toEqual(before);
    stats.counters.truncated += 3;
    expect(before.counters.truncated).toBe(0);
    expect(stats.snapshot().counters.truncated).toBe(3);
  });

  test('has counts, gauges and the share of time the device was busy', async () => {
    const clock = new VirtualClock();
    const stats = new Stats(clock);
    const device = new FakeDevice(clock, { startMs: 10, msPerToken: 0 });
    const queue = new BatchQueue(device, { ...plainSettings, maxBatchSize: 2 }, stats, clock);
    await clock.until(20);
    const call = queue.open({ onLogits() {} });
    call.push({ ...packPairs(pairsOf(6, 10)), first: 0 });
    const ended = call.end();
    await clock.until(25);
    expect(stats.snapshot()).toMatchObject({
      counters: { batches: 1, pairs: 0, completed: 0 },
      gauges: { queuedPairs: 4, queuedTokens: 40, inFlight: 1, deviceBusyShare: 5 / 25 },
      uptimeMs: 25,
      deviceBusyMs: 5,
    });
    await clock.run();
    await ended;
    const { counters, gauges, histograms } = stats.snapshot();
    expect(counters).toMatchObject({ batches: 3, pairs: 6, tokens: 60, completed: 1 });
    expect(gauges).toEqual({ queuedPairs: 0, queuedTokens: 0, inFlight: 0, deviceBusyShare: 30 / 50 });
    expect(histograms.batchPairs).toMatchObject({ count: 3, min: 2, mean: 2, max: 2, total: 6 });
    expect(histograms.batchTokens).toMatchObject({ count: 3, p50: 20 });
    expect(histograms.batchMs).toMatchObject({ count: 3, mean: 10 });
  });

  test('counts the device as busy once when two batches are in flight', async () => {
    const clock = new VirtualClock();
    const stats = new Stats(clock);
    const device = new FakeDevice(clock, { startMs: 10, msPerToken: 0 });
    const queue = new BatchQueue(device, { ...plainSettings, maxBatchSize: 2, maxInFlight: 2 }, stats, clock);
    const call = queue.open({ onLogits() {} });
    call.push({ ...packPairs(pairsOf(6, 10)), first: 0 });
    const ended = call.end();
    await clock.run();
    await ended;
    expect(stats.snapshot()).toMatchObject({
      deviceBusyMs: 30,
      uptimeMs: 30,
      gauges: { deviceBusyShare: 1 },
    });
    expect(stats.snapshot().histograms.batchMs).toMatchObject({ count: 3, total: 30 });
  });

  test('counts the dummy tokens a device reports, and what fixed-order padding would have cost', async () => {
    const clock = new VirtualClock();
    const stats = new Stats(clock);
    const score = (batch: PackedBatch) => {
      batch.computedTokens = batch.inputIds.length + 100;
      return Promise.resolve(new Float32Array(batch.offsets.length - 1));
    };
    const queue = new BatchQueue({ labels: 1, score }, plainSettings, stats, clock);
    const call = queue.open({ onLogits() {} });
    // One full group of 32 whose longest is 20, and one of 3 whose longest is 10.
    const list = [...pairsOf(31, 10), { length: 20, seed: 99, kind: 'plain' } as const, ...pairsOf(3, 10)];
    call.push({ ...packPairs(list.map((pair, seed) => ({ ...pair, seed }))), first: 0 });
    const ended = call.end();
    await clock.run();
    await ended;
    const tokens = 31 * 10 + 20 + 30;
    expect(stats.snapshot().dummyShare).toBeCloseTo(100 / (tokens + 100), 12);
    expect(stats.snapshot().fixedOrderDummyShare).toBeCloseTo(1 - tokens / (32 * 20 + 3 * 10), 12);
  });

  test('gives percentiles to one per cent', () => {
    const stats = new Stats(new VirtualClock());
    for (let ms = 1; ms <= 1000; ms += 1) {
      stats.recordCall({ tokenizationMs: 0, queueMs: 0, inferenceMs: ms }, ms);
    }
    const { inferenceMs, tokenizationMs } = stats.snapshot().histograms;
    expect(inferenceMs).toMatchObject({ count: 1000, min: 1, max: 1000, mean: 500.5, total: 500_500 });
    for (const [percentile, expected] of [
      ['p50', 500],
      ['p90', 900],
      ['p95', 950],
      ['p99', 990],
    ] as const) {
      expect(Math.abs(inferenceMs[percentile] - expected)).toBeLessThanOrEqual(0.01 * expected);
    }
    expect(tokenizationMs).toMatchObject({ count: 1000, min: 0, p50: 0, max: 0 });
  });
});
