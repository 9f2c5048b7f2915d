import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BestChunks } from '../../../lib/best-chunk.js';
import type { Span } from '../../../lib/types.js';

it('gives each document, once all of its chunks are scored, the first of its best, in whatever order and pieces', () => {
  const logits = fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 6 }), { maxLength: 8 });
  fc.assert(
    fc.property(logits, fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.nat()), (documents, sliceSize, random) => {
      const scores: [index: number, logit: number, span: Span][] = [];
      const best = new BestChunks((index, logit, span) => scores.push([index, logit, span]));
      const all = documents.flatMap((own, pair) => own.map((logit, part) => ({ pair, part, logit, last: part === own.length - 1 })));
      const waiting: { number: number; logit: number }[] = [];
      const scoreOne = () => {
        const [{ number, logit }] = waiting.splice(random.next().value % waiting.length, 1) as [{ number: number; logit: number }];
        best.scored(number, logit);
      };
      for (let i = 0; i < all.length; i += sliceSize) {
        const slice = all.slice(i, i + sliceSize);
        const first = best.expect({
          pairs: Int32Array.from(slice, ({ pair }) => pair),
          parts: Int32Array.from(slice, ({ part }) => part),
          starts: Int32Array.from(slice, ({ part }) => 10 * part),
          ends: Int32Array.from(slice, ({ part }) => 10 * part + 12),
          last: Uint8Array.from(slice, ({ last }) => Number(last)),
        });
        waiting.push(...slice.map(({ logit }, k) => ({ number: first + k, logit })));
        if (waiting.length > 0 && random.next().value % 2) scoreOne();
      }
      while (waiting.length > 0) scoreOne();
      const expected = documents.map((own, index) => {
        const part = own.indexOf(Math.max(...own));
        return [index, own[part], { start: 10 * part, end: 10 * part + 12 }];
      });
      expect(scores.sort(([a], [b]) => a - b)).toEqual(expected);
    }),
  );
});

it('names a chunk by its place', () => {
  const best = new BestChunks(() => {});
  const one = Int32Array.of(0);
  const number = best.expect({ pairs: Int32Array.of(7), parts: one, starts: one, ends: Int32Array.of(5), last: Uint8Array.of(1) });
  expect(best.nameOf(number)).toBe('characters 0 to 5 of the pair at index 7');
});
