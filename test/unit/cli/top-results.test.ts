import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TopResults } from '../../../lib/cli/top-results.js';

it('the best of many are those that sorting all would give', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 5000, size: 'max' }), fc.integer({ min: 0, max: 30 }), (logits, most) => {
      const results = logits.map((logit, index) => ({ index, logit }));
      const best = new TopResults<{ index: number; logit: number }>(most);
      for (const result of results.toReversed()) best.add(result);
      expect(best.sorted()).toEqual([...results].sort((a, b) => b.logit - a.logit || a.index - b.index).slice(0, most));
    }),
    { numRuns: 50 },
  );
});
