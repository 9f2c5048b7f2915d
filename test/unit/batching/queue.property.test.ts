import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchQueue } from '../../../lib/batching/queue.js';
import { Stats } from '../../../lib/stats.js';
import { history, play } from './history.js';
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
  windowBatches: fc.integer({ min: 1, max: 4 }),
  maxBatchTokens: fc.integer({ min: 60, max: 300 }),
  maxBatchSize: fc.integer({ min: 2, max: 16 }),
  maxInFlight: fc.integer({ min: 1, max: 2 }),
  bucketTokens: fc.constantFrom(0, 8),
  lengthMultiple: fc.constantFrom(1, 8),
});

const lengthsOfFlows = fc.array(
  fc.record({
    weight: fc.constantFrom(0.5, 1, 2, 4),
    lengths: fc.array(fc.integer({ min: 2, max: 60 }), { minLength: 1, maxLength: 80 }),
    at: fc.integer({ min: 0, max: 30 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Every flow's pairs, pushed at once; no two pairs are equal, so the device's log tells whose each one is. */
async function runBacklog(
  flows: { weight: number; lengths: number[]; at: number }[],
  settings: Partial<typeof plainSettings>,
): Promise<{ flow: number; index: number }[][]> {
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
  return device.batches.map(({ keys }) => keys.map((key) => owners.get(key)!));
}

describe('a window wider than a batch', () => {
  test('lets no pair be overtaken by later ones of its flow in more than 4 dispatches', { timeout: TIMEOUT_MS }, () =>
    fc.assert(
      fc.asyncProperty(lengthsOfFlows, windows, async (flows, settings) => {
        const batches = await runBacklog(flows, settings);
        const waiting = flows.map(({ lengths }) => lengths.map(() => 0));
        for (const batch of batches) {
          const last = flows.map(() => -1);
          for (const { flow, index } of batch) {
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

describe('fairness', () => {
  test('flows that always have pairs waiting get tokens in proportion to weight', { timeout: TIMEOUT_MS }, () =>
    fc.assert(
      fc.asyncProperty(lengthsOfFlows, windows, async (flows, settings) => {
        const atOnce = flows.map((flow) => ({ ...flow, at: 0 }));
        const batches = await runBacklog(atOnce, settings);
        const service = flows.map(() => 0);
        const left = flows.map(({ lengths }) => lengths.length);
        const lightest = Math.min(...flows.map(({ weight }) => weight));
        // One pair each way; a wide window adds what it holds, rounding up what a batch may leave out of its window.
        const ahead = settings.windowBatches > 1 ? settings.windowBatches * settings.maxBatchTokens : 0;
        const rounding = settings.lengthMultiple + settings.bucketTokens > 1 ? settings.maxBatchTokens : 0;
        const bound = (2 * 60 + ahead + rounding) / lightest;
        for (const batch of batches) {
          for (const { flow, index } of batch) {
            service[flow]! += flows[flow]!.lengths[index]! / flows[flow]!.weight;
            left[flow]! -= 1;
          }
          const busy = service.filter((_, flow) => left[flow]! > 0);
          if (busy.length < 2) continue;
          expect(Math.max(...busy) - Math.min(...busy)).toBeLessThanOrEqual(bound);
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
        fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }),
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
