import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byLogit, scorer, sigmoid } from '../../../lib/ranking.js';

describe('byLogit', () => {
  it('sorts best first, ties by lower index', () => {
    expect([...byLogit(Float32Array.of(-3, 7, 0.5, 7, -20))]).toEqual([1, 3, 2, 0, 4]);
  });

  it('takes 0 and -0 for equal', () => {
    expect([...byLogit(Float32Array.of(-0, 0, -0, 0))]).toEqual([0, 1, 2, 3]);
  });

  it('leaves out what was not scored', () => {
    expect([...byLogit(Float32Array.of(NaN, 1, NaN, 2))]).toEqual([3, 1]);
    expect([...byLogit(new Float32Array(3).fill(NaN))]).toEqual([]);
  });

  it('agrees with a comparison sort on any float32 values', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), (values) => {
        const logits = Float32Array.from(values);
        const expected = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
        // Infinity - Infinity is NaN, so equal infinities fall through to the index as well.
        expect([...byLogit(logits)]).toEqual(expected);
      }),
    );
  });
});

describe('score', () => {
  it('is the logistic function, in double precision on both tails', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(2)).toBeCloseTo(0.8807970779778823, 15);
    expect(sigmoid(-40)).toBeCloseTo(4.248354255291589e-18, 30);
    expect(sigmoid(-800)).toBe(0);
    expect(sigmoid(800)).toBe(1);
  });

  it('is the logit itself with the identity activation', () => {
    expect(scorer('identity')(-7.25)).toBe(-7.25);
    expect(scorer('sigmoid')(2)).toBe(sigmoid(2));
  });
});
