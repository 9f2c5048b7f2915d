import { expect, it } from 'vitest';
import { seededRandom } from '../../../bench/datasets/random.mjs';
import {
  bootstrapRatio,
  describe as describeValues,
  kendallTau,
  mean,
  pearson,
  percentile,
  topOverlap,
} from '../../../bench/statistics.mjs';

it("percentiles and deviations are NumPy's", () => {
  // numpy.percentile([7, 1, 3, 10], [0, 25, 50, 90, 100]) and numpy.std
  expect([0, 25, 50, 90, 100].map((percent) => percentile([7, 1, 3, 10], percent))).toEqual([
    1,
    2.5,
    5,
    expect.closeTo(9.1, 12),
    10,
  ]);
  expect(describeValues([7, 1, 3, 10]).standardDeviation).toBeCloseTo(3.491060010942235, 12);
  expect(pearson([1, 2, 3, 4], [1, 3, 2, 5])).toBeCloseTo(0.8315218406202999, 12); // numpy.corrcoef
});

it('order agreement counts ties as neither', () => {
  expect(kendallTau([1, 2, 3, 4], [1, 2, 3, 4])).toBe(1);
  expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  expect(kendallTau([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9128709291752769, 12); // scipy.stats.kendalltau
  expect(topOverlap([9, 8, 7, 1], [9, 1, 8, 7], 2)).toBe(0.5);
});

it('a bootstrap interval holds the ratio, and narrows with more samples', () => {
  const random = seededRandom(3);
  const noisy = (count: number, centre: number) => Array.from({ length: count }, () => centre + random() - 0.5);
  const few = bootstrapRatio(noisy(10, 2), noisy(10, 4), mean, random);
  const many = bootstrapRatio(noisy(1000, 2), noisy(1000, 4), mean, random);
  expect(many.low).toBeLessThan(2.02);
  expect(many.high).toBeGreaterThan(1.98);
  expect(many.high - many.low).toBeLessThan(few.high - few.low);
});
