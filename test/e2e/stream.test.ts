import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reranker, StreamResult } from '../../dist/index.js';
import { loadTiny, query, someDocuments } from './tiny-reranker.js';

let reranker: Reranker;
const documents = someDocuments(1200);

beforeAll(async () => {
  reranker = await loadTiny();
});

afterAll(() => reranker.close());

async function collect<T>(stream: AsyncIterable<StreamResult<T>>): Promise<StreamResult<T>[]> {
  const results: StreamResult<T>[] = [];
  for await (const result of stream) results.push(result);
  return results.sort((a, b) => a.index - b.index);
}

describe('scoreStream', () => {
  it('yields each document of either kind of iterable once, scored as score does', async () => {
    async function* source() {
      for (const [i, text] of documents.entries()) {
        if (i % 500 === 499) await sleep(1);
        yield text;
      }
    }
    const expected = await reranker.score(documents.map((document) => [query, document]));
    for (const results of [await collect(reranker.scoreStream(query, documents)), await collect(reranker.scoreStream(query, source()))]) {
      expect(results.map(({ index, score, document }) => [index, score, document])).toEqual(
        documents.map((document, i) => [i, expected[i], document]),
      );
    }
  });

  it('of nothing yields nothing', async () => {
    expect(await collect(reranker.scoreStream(query, []))).toEqual([]);
  });

  it('reads no further while nothing is taken, and goes on when it is', async () => {
    let read = 0;
    function* endless() {
      for (;;) yield `${read++}`;
    }
    const stream = reranker.scoreStream(query, endless());
    await stream.next();
    for (let before = -1; before !== read && read < 20_000; await sleep(100)) before = read;
    const paused = read;
    expect(paused).toBeLessThan(20_000); // read ahead, on the way and scored: some thousands at most
    for (let taken = 1; taken < paused + 500; taken++) await stream.next();
    expect(read).toBeGreaterThan(paused);
    await stream.return();
    const left = read;
    await sleep(100);
    expect(read).toBe(left);
  });

  it('yields what is scored while the source is still waiting', async () => {
    let release = () => {};
    const waiting = new Promise<void>((resolve) => (release = resolve));
    async function* source() {
      yield 'bread';
      await waiting;
      yield 'milk';
    }
    const stream = reranker.scoreStream(query, source());
    expect((await stream.next()).value).toMatchObject({ index: 0, document: 'bread' });
    release();
    expect((await stream.next()).value).toMatchObject({ index: 1, document: 'milk' });
    expect((await stream.next()).done).toBe(true);
  });

  it('lets the source clean up when the loop is left, and takes its pairs off the queue', async () => {
    let cleaned = false;
    async function* source() {
      try {
        yield* documents;
      } finally {
        await sleep(20);
        cleaned = true;
      }
    }
    for await (const _ of reranker.scoreStream(query, source())) break;
    expect(cleaned).toBe(true);
    await sleep(50);
    expect(reranker.stats().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0 });
  });

  it('passes on what the source throws', async () => {
    const lost = new Error('connection lost');
    async function* source() {
      yield* documents.slice(0, 100);
      throw lost;
    }
    await expect(collect(reranker.scoreStream(query, source()))).rejects.toBe(lost);
  });

  it('ends with the reason of the signal, even while the source waits', async () => {
    async function* source() {
      yield 'bread';
      await new Promise(() => {});
    }
    const controller = new AbortController();
    const stream = reranker.scoreStream(query, source(), { signal: controller.signal });
    await stream.next();
    const next = stream.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  it('refuses a pair that is too long when told to', async () => {
    const list = [...documents.slice(0, 700), 'river '.repeat(600)];
    await expect(collect(reranker.scoreStream(query, list, { truncation: 'error' }))).rejects.toMatchObject({
      code: 'ERR_INPUT_TOO_LONG',
    });
  });

  it('marks what was cut', async () => {
    const results = await collect(reranker.scoreStream(query, ['bread', 'river '.repeat(600)]));
    expect(results.map(({ truncated }) => truncated)).toEqual([undefined, true]);
  });
});
