import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReadAhead } from '../../../lib/read-ahead.js';

async function all<T>(reader: ReadAhead<T>): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const taken = await reader.take();
    if (taken.length === 0) return items;
    items.push(...taken);
  }
}

describe('reading ahead', () => {
  it('hands over every item once and in order, from both kinds of iterable', async () => {
    const expected = Array.from({ length: 2000 }, (_, i) => i);
    async function* slow() {
      for (const item of expected) {
        if (item % 300 === 0) await setImmediate();
        yield item;
      }
    }
    expect(await all(new ReadAhead(expected, 7))).toEqual(expected);
    expect(await all(new ReadAhead(slow(), 7))).toEqual(expected);
    expect(await all(new ReadAhead([], 7))).toEqual([]);
  });

  it('reads no further than it may', async () => {
    let read = 0;
    function* source() {
      for (;;) yield read++;
    }
    const reader = new ReadAhead(source(), 10);
    for (let taken = 0; taken < 100; ) {
      taken += (await reader.take()).length;
      await setImmediate();
      expect(read - taken).toBeLessThanOrEqual(11);
    }
    await reader.close();
  });

  it('passes on what was read before an error, then the error', async () => {
    const lost = new Error('connection lost');
    function* source() {
      yield 1;
      throw lost;
    }
    const reader = new ReadAhead(source(), 10);
    expect(await reader.take()).toEqual([1]);
    await expect(reader.take()).rejects.toBe(lost);
  });

  it('lets the iterable clean up when closed, without waiting for an item that may never come', async () => {
    let cleaned = false;
    function* source() {
      try {
        for (;;) yield 1;
      } finally {
        cleaned = true;
      }
    }
    const full = new ReadAhead(source(), 2);
    await full.take();
    await setImmediate();
    await full.close();
    expect(cleaned).toBe(true);

    const stuck = new ReadAhead({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }, 2);
    const taking = stuck.take();
    await stuck.close();
    expect(await taking).toEqual([]);
  });
});
