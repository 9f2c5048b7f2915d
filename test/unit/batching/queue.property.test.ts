import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BatchingSettings } from '../../../lib/batching/options.js';
import { BatchQueue } from '../../../lib/batching/queue.js';
import { Stats } from '../../../lib/stats.js';
import { history } from './histories.js';
import { play } from './play.js';
import { FakeDevice, keyOf, packPairs, plainSettings, VirtualClock, type FakePair } from './world.js';

/** Random histories of each property; RERANK_SOAK multiplies them. A failure prints its seed and smallest history. */
const SOAK = Number(process.env['RERANK_SOAK'] ?? 0) || 1;
const HISTORIES = 2000 * SOAK;
const BACKLOGS = 300 * SOAK;
const TIMEOUT_MS = 120_000 * SOAK;

test('every invariant of the queue holds in random histories', { timeout: TIMEOUT_MS }, () =>
  fc.assert(fc.asyncProperty(history, play), { numRuns: HISTORIES }),
);

const windows = fc.record({
  windowBatches: fc.constantFrom(1, 1, 2, 4),
  maxBatchTokens: fc.integer({ min: 60, max: 300 }),
  maxBatchSize: fc.integer({ min: 2, max: 16 }),
  maxInFlight: fc.integer({ min: 1, max: 2 }),
  bucketTokens: fc.constantFrom(0, 8),
  lengthMultiple: fc.constantFrom(1, 8),
});

const wideWindows = windows.map((settings) => ({ ...settings, windowBatches: 4 }));

const LONGEST = 60;

/** What waits of a call is served in one go if it is no more than this. */
const SMALL_TOKENS = 1024;

interface FlowPlan {
  weight: number;
  lengths: number[];
  at: number;
}

const flowPlan: fc.Arbitrary<FlowPlan> = fc.constantFrom(10, 30, LONGEST).chain((longest) =>
  fc.record({
    weight: fc.constantFrom(0.5, 1, 2, 4),
    lengths: fc.array(fc.integer({ min: 2, max: longest }), { minLength: 1, maxLength: 120 }),
    at: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
  }),
);
const flowPlans = fc.array(flowPlan, { minLength: 1, maxLength: 5, size: 'max' });

interface Dispatch {
  at: number;
  pairs: { flow: number; index: number }[];
}

/** Every flow's pairs, pushed at once; no two pairs are equal, so the device's log tells whose each one is. */
async function runBacklog(flows: FlowPlan[], settings: Partial<BatchingSettings>): Promise<Dispatch[]> {
  const clock = new VirtualClock();
  const device = new FakeDevice(clock);
  const queue = new BatchQueue(device, { ...plainSettings, ...settings }, new Stats(clock), clock);
  const owners = new Map<string, { flow: number; index: number }>();
  let seed = 0;
  flows.forEach(({ weight, lengths, at }, flow) => {
    const pairs = lengths.map((length): FakePair => ({ length, seed: (seed += 1), kind: 'plain' }));
    pairs.forEach((pair, index) => owners.set(keyOf(pair), { flow, index }));
    const arrive = () => {
      const call = queue.open({ weight, onLogits() {} });
      call.push({ ...packPairs(pairs), first: 0 });
      void call.end();
    };
    if (at === 0) arrive();
    else clock.after(at, arrive);
  });
  await clock.run();
  return device.batches.map(({ keys, startedAt }) => ({
    at: startedAt,
    pairs: keys.map((key) => owners.get(key)!),
  }));
}

describe('a window wider than a batch', () => {
  test(
    'lets no pair be overtaken by later ones of its flow in more than 4 dispatches',
    { timeout: TIMEOUT_MS },
    () =>
      fc.assert(
        fc.asyncProperty(flowPlans, wideWindows, async (flows, settings) => {
          const dispatches = await runBacklog(flows, settings);
          const waiting = flows.map(({ lengths }) => lengths.map(() => 0));
          for (const { pairs } of dispatches) {
            const last = flows.map(() => -1);
            for (const { flow, index } of pairs) {
              delete waiting[flow]![index];
              last[flow] = Math.max(last[flow]!, index);
            }
            waiting.forEach((pairs, flow) =>
              pairs.forEach((overtaken, index) => {
                if (index >= last[flow]!) return;
                expect(overtaken, `pair ${index} of flow ${flow}`).toBeLessThan(4);
                pairs[index] = overtaken + 1;
              }),
            );
          }
          expect(waiting.every((pairs) => Object.keys(pairs).length === 0)).toBe(true);
        }),
        { numRuns: BACKLOGS },
      ),
  );
});

/**
 * When each flow would end if an ideal device served all at once, in proportion to weight. Time is counted in tokens
 * served; `arrivals` say when each flow came.
 */
function idealEnds(flows: FlowPlan[], arrivals: number[]): number[] {
  const left = flows.map(({ lengths }) => lengths.reduce((sum, length) => sum + length, 0));
  const ends = flows.map(() => 0);
  let now = 0;
  while (left.some((tokens) => tokens > 0)) {
    const here = flows.map((_, i) => i).filter((i) => left[i]! > 0 && arrivals[i]! <= now);
    const next = Math.min(...arrivals.filter((arrival) => arrival > now));
    const weights = here.reduce((sum, i) => sum + flows[i]!.weight, 0);
    const untilEnd = Math.min(...here.map((i) => (left[i]! * weights) / flows[i]!.weight));
    const passed = Math.min(untilEnd, next - now);
    for (const i of here) {
      left[i]! -= (passed * flows[i]!.weight) / weights;
      if (left[i]! < 1e-9) [left[i], ends[i]] = [0, now + passed];
    }
    now += passed;
  }
  return ends;
}

describe('fairness', () => {
  const unevenFlows = fc.array(
    fc.record({
      weight: fc.constantFrom(0.5, 1, 2, 4),
      lengths: fc
        .tuple(fc.constantFrom(1, 4, 16, 64, 256), fc.integer({ min: 20, max: LONGEST }))
        .map(([count, length]) => new Array<number>(count).fill(length)),
      at: fc.constantFrom(0, 0, 20, 50, 100, 400),
    }),
    { minLength: 2, maxLength: 12, size: 'max' },
  );

  // Larger ones may be stretched.
  const sizes = fc.record({
    maxBatchTokens: fc.constantFrom(LONGEST, 2 * LONGEST),
    maxInFlight: fc.integer({ min: 1, max: 2 }),
  });

  test('no flow ends later than if all were served at once', { timeout: TIMEOUT_MS }, () =>
    fc.assert(
      fc.asyncProperty(unevenFlows, sizes, async (flows, { maxBatchTokens, maxInFlight }) => {
        const dispatches = await runBacklog(flows, { maxBatchTokens, maxInFlight, initialBatchTokens: LONGEST });
        const arrivals = flows.map(() => 0);
        const ends = flows.map(() => 0);
        let served = 0;
        for (const { at, pairs } of dispatches) {
          flows.forEach((flow, i) => {
            if (flow.at > 0 && flow.at >= at) arrivals[i] = served;
          });
          for (const { flow, index } of pairs) served += flows[flow]!.lengths[index]!;
          for (const { flow } of pairs) ends[flow] = served;
        }
        // The batch that is sent before it, and the one it ends in.
        for (const [i, ideal] of idealEnds(flows, arrivals).entries()) {
          expect(ends[i]! - ideal, `flow ${i}`).toBeLessThanOrEqual(2 * maxBatchTokens + 1e-6);
        }
      }),
      { numRuns: BACKLOGS },
    ),
  );

  test(
    'flows that want more than a small call get tokens in proportion to weight, from when both wait',
    { timeout: TIMEOUT_MS },
    () =>
      fc.assert(
        fc.asyncProperty(flowPlans, windows, async (flows, settings) => {
          const dispatches = await runBacklog(flows, settings);
          const service = flows.map(() => 0);
          const left = flows.map(({ lengths }) => lengths.reduce((sum, length) => sum + length, 0));
          const since = new Map<string, number>();
          // A wide window may put one flow ahead by what it holds, rounding by what a batch leaves out of it.
          const ahead = settings.windowBatches > 1 ? settings.windowBatches * settings.maxBatchTokens : 0;
          const rounding = settings.lengthMultiple + settings.bucketTokens > 1 ? settings.maxBatchTokens : 0;
          const slack = (ahead + rounding) / Math.min(...flows.map(({ weight }) => weight));
          // One pair of either, and how far small calls may have left the one that was there behind a newcomer.
          const bound = (a: FlowPlan, b: FlowPlan) =>
            Math.max(...a.lengths) / a.weight +
            Math.max(...b.lengths) / b.weight +
            (a.at === 0 && b.at === 0 ? 0 : SMALL_TOKENS / Math.min(a.weight, b.weight)) +
            slack;
          for (const { at, pairs } of dispatches) {
            // A flow that came at this very moment may or may not have been there.
            const waiting = flows.map((flow, i) => left[i]! > 0 && (flow.at === 0 || flow.at < at));
            flows.forEach((_, i) => {
              for (let j = 0; j < i; j += 1) {
                const lead = service[i]! - service[j]!;
                if (waiting[i] && waiting[j] && !since.has(`${i} ${j}`)) since.set(`${i} ${j}`, lead);
              }
            });
            for (const { flow, index } of pairs) {
              const { lengths, weight } = flows[flow]!;
              service[flow]! += lengths[index]! / weight;
              left[flow]! -= lengths[index]!;
            }
            for (const [pair, lead] of since) {
              const [i, j] = pair.split(' ').map(Number) as [number, number];
              if ([i, j].every((flow) => left[flow]! >= SMALL_TOKENS)) {
                const drift = Math.abs(service[i]! - service[j]! - lead);
                expect(drift).toBeLessThanOrEqual(bound(flows[i]!, flows[j]!) + 1e-6);
              }
            }
          }
        }),
        { numRuns: BACKLOGS },
      ),
  );
});

describe('equal pairs', () => {
  test('queued together are scored once', { timeout: TIMEOUT_MS }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 40 }), {
          minLength: 1,
          maxLength: 5,
        }),
        windows,
        async (seedsOfCalls, settings) => {
          const clock = new VirtualClock();
          const device = new FakeDevice(clock);
          const queue = new BatchQueue(device, { ...plainSettings, ...settings }, new Stats(clock), clock);
          let received = 0;
          for (const seeds of seedsOfCalls) {
            const call = queue.open({ onLogits: () => (received += 1) });
            const pairs = seeds.map((seed): FakePair => ({ seed, length: 2 + 3 * seed, kind: 'plain' }));
            call.push({ ...packPairs(pairs), first: 0 });
            void call.end();
          }
          await clock.run();
          expect(device.batches.flatMap(({ keys }) => keys)).toHaveLength(new Set(seedsOfCalls.flat()).size);
          expect(received).toBe(seedsOfCalls.flat().length);
        },
      ),
      { numRuns: BACKLOGS },
    ),
  );
});
