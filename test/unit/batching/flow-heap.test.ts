import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowHeap } from '../../../lib/batching/flow-heap.js';

const steps = fc.array(
  fc.record({ item: fc.nat(11), rank: fc.nat(20), action: fc.constantFrom('place', 'place', 'delete') }),
  { maxLength: 80, size: 'max' },
);

test('its first element is the least, whatever was added, moved and removed', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const items = Array.from({ length: 12 }, () => ({ slot: -1, rank: 0 }));
      const heap = new FlowHeap<(typeof items)[number]>((a, b) => a.rank < b.rank);
      for (const { item, rank, action } of history) {
        const element = items[item]!;
        const held = element.slot >= 0;
        if (action === 'place') element.rank = rank;
        if (action === 'place' && held) heap.moved(element);
        else if (action === 'place') heap.add(element);
        else if (held) heap.delete(element);
        const ranks = items.filter(({ slot }) => slot >= 0).map((other) => other.rank);
        expect(heap.first?.rank).toBe(ranks.length > 0 ? Math.min(...ranks) : undefined);
      }
    }),
    { numRuns: 2000 },
  );
});
