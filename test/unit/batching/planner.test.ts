import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBatch, type BatchLimits } from '../../../lib/batching/planner.js';

const limits: BatchLimits = {
  maxTokens: 100,
  maxPairs: 10,
  maxArea: Infinity,
  lengthMultiple: 1,
  bucketTokens: 0,
};
const none = (lengths: number[]) => lengths.map(() => 0);
const plan = (lengths: number[], change: Partial<BatchLimits> = {}, mustGo = none(lengths)) =>
  planBatch(lengths, mustGo, { ...limits, ...change });

describe('planBatch', () => {
  test('takes the first pair and those nearest to it in length, longest first', () => {
    expect(plan([30, 90, 31, 5, 28])).toEqual([2, 0, 4, 3]);
    expect(plan([30, 90, 31, 5, 28], { maxPairs: 2 })).toEqual([2, 0]);
  });

  test('skips what does not fit and goes on with shorter pairs', () => {
    expect(plan([60, 50, 45, 30, 10], { maxTokens: 100 })).toEqual([0, 3, 4]);
  });

  test('sends a pair that exceeds every limit alone', () => {
    expect(plan([500, 1, 1])).toEqual([0]);
    expect(plan([50, 1], { maxArea: 100 })).toEqual([0]);
  });

  test('bounds the sum of squared lengths', () => {
    expect(plan([10, 10, 10, 10], { maxArea: 250 })).toEqual([1, 0]);
  });

  test('counts lengths rounded up and each distinct length', () => {
    expect(plan([9, 9, 9, 9], { lengthMultiple: 8, maxTokens: 48 })).toHaveLength(3);
    expect(plan([9, 10, 11, 12], { bucketTokens: 20, maxTokens: 70 })).toHaveLength(2);
    expect(plan([9, 9, 9, 9], { bucketTokens: 20, maxTokens: 70 })).toHaveLength(4);
  });

  test('takes pairs that must go first, in order, and ends where one does not fit', () => {
    expect(plan([30, 90, 5, 6], {}, [0, 1, 0, 0])).toEqual([1, 3]);
    expect(plan([30, 60, 70, 5], {}, [0, 1, 1, 1])).toEqual([1]);
  });

  const window = fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 60 }),
    limits: fc.record({
      maxTokens: fc.integer({ min: 1, max: 300 }),
      maxPairs: fc.integer({ min: 1, max: 20 }),
      maxArea: fc.integer({ min: 1, max: 5000 }),
      lengthMultiple: fc.constantFrom(1, 8),
      bucketTokens: fc.constantFrom(0, 5),
    }),
    seed: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 60, maxLength: 60 }),
  });

  test('keeps every limit, and leaves out only what does not fit', () => {
    fc.assert(
      fc.property(window, ({ lengths, limits, seed }) => {
        const mustGo = lengths.map((_, i) => Number(seed[i] === 0));
        const batch = planBatch(lengths, mustGo, limits);
        const rounded = lengths.map((n) => Math.ceil(n / limits.lengthMultiple) * limits.lengthMultiple);
        const cost = (positions: number[]) => {
          const taken = positions.map((i) => rounded[i]!);
          return {
            tokens: taken.reduce((a, b) => a + b, 0) + limits.bucketTokens * new Set(taken).size,
            area: taken.reduce((a, b) => a + b * b, 0),
          };
        };
        const fits = (positions: number[]) =>
          positions.length <= limits.maxPairs &&
          cost(positions).tokens <= limits.maxTokens &&
          cost(positions).area <= limits.maxArea;

        expect(new Set(batch).size).toBe(batch.length);
        expect(batch.length).toBeGreaterThan(0);
        if (batch.length > 1) expect(fits(batch)).toBe(true);
        expect(batch.map((i) => lengths[i]!)).toEqual(batch.map((i) => lengths[i]!).sort((a, b) => b - a));

        const due = lengths.map((_, i) => i).filter((i) => mustGo[i]);
        const left = due.filter((i) => !batch.includes(i));
        if (left.length > 0) expect([...batch].sort((a, b) => a - b)).toEqual(due.slice(0, batch.length));
        else if (due.length === 0) expect(batch).toContain(0);
        if (left.length === 0 && limits.bucketTokens === 0) {
          for (let i = 0; i < lengths.length; i += 1)
            if (!batch.includes(i)) expect(fits([...batch, i])).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
