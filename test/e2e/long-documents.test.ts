import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RankResult, Reranker, type ScoreOptions } from '../../dist/index.js';
import { loadTiny, query, someDocuments, tinyFolder } from './tiny-reranker.js';

let reranker: Reranker;
const queryTokens = 4;
// Words of one token each in the tiny vocabulary, among things that are dropped, cased or not in it.
const words = 'volcano Volcanoes river mountain stone bread égg mi\u0301lk 火 山 fire 👩‍🚀 . [SEP] glass\u200b Iron salt'.split(' ');
const longText = (count: number, seed = 1) =>
  Array.from({ length: count }, (_, i) => words[(i * i * seed + 7 * i + seed) % words.length]).join(' ');
const documents = [longText(70), ...someDocuments(20), longText(45, 2), '', ' \0 ', longText(12, 3), longText(300, 4)];

beforeAll(async () => {
  reranker = await loadTiny({ maxLength: 3 + queryTokens + 20 });
});
afterAll(() => reranker.close());

const chunk = { longDocuments: 'chunk', activation: 'identity' } as const;
const logitOf = async (text: string, options?: ScoreOptions) =>
  (await reranker.score([[query, text]], { activation: 'identity', ...options }))[0]!;

/** Every chunk of a document of words with one token each, by the definition. */
function chunksOf(document: string, size: number, overlap: number): string[] {
  const parts = document.split(' ');
  const chunks: string[] = [];
  for (let start = 0; ; start += size - overlap) {
    chunks.push(parts.slice(start, start + size).join(' '));
    if (start + size >= parts.length) return chunks;
  }
}

describe('a document in chunks', () => {
  it('has the score of its best chunk, and the span that alone has that score', async () => {
    const sizes = fc.integer({ min: 2, max: 20 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(Math.floor(size / 2))));
    const text = fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 9 })).map(([count, seed]) => longText(count, seed));
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(text, { minLength: 1, maxLength: 6 }), async ([size, overlap], texts) => {
        const options = { ...chunk, chunkTokens: size, chunkOverlap: overlap };
        const results = await reranker.rank(query, texts, options);
        for (const { document, logit, span } of results) {
          const chunks = chunksOf(document, size, overlap);
          const alone = await reranker.score(chunks.map((part) => [query, part]), { activation: 'identity' });
          expect(logit).toBe(Math.max(...alone));
          const best = document.slice(span!.start, span!.end);
          expect(best).toBe(chunks[alone.indexOf(logit)]);
          expect(await logitOf(best)).toBe(logit);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is the same document by rank, score and scoreStream, at its index', async () => {
    const ranked = await reranker.rank(query, documents, chunk);
    expect(ranked.map(({ logit }) => logit)).toEqual(ranked.map(({ logit }) => logit).sort((a, b) => b - a));
    const byIndex = ranked.toSorted((a, b) => a.index - b.index);
    expect(byIndex.map(({ document }) => document)).toEqual(documents);
    const scores = await reranker.score(documents.map((document) => [query, document]), chunk);
    expect(scores).toEqual(byIndex.map(({ logit }) => logit));
    const streamed: RankResult<string>[] = [];
    for await (const result of reranker.scoreStream(query, documents, chunk)) streamed.push(result);
    expect(streamed.sort((a, b) => a.index - b.index)).toEqual(byIndex);
    for (const { document, span, logit } of byIndex) expect(await logitOf(document.slice(span!.start, span!.end))).toBe(logit);
  });

  it('that fits is scored as ever, its span being all its words', async () => {
    const fitting = ['  bread egg milk\u0301\u200b ', 'bread', '', ' \t'];
    const results = (await reranker.rank(query, fitting, chunk)).sort((a, b) => a.index - b.index);
    expect(results.map(({ span }) => [span!.start, span!.end])).toEqual([[2, 18], [0, 5], [0, 0], [0, 0]]);
    for (const { document, logit } of results) expect(logit).toBe(await logitOf(document));
  });

  it('carries no span when it is truncated, and no truncated when it is not', async () => {
    const [cut] = await reranker.rank(query, [documents[0]!]);
    expect(cut).toMatchObject({ truncated: true });
    expect(cut).not.toHaveProperty('span');
    const [whole] = await reranker.rank(query, [documents[0]!], chunk);
    expect(whole).not.toHaveProperty('truncated');
  });

  it('takes its text from where options.text says, and the span counts in that', async () => {
    const page = { body: { text: longText(60, 5) } };
    const [result] = await reranker.rank(query, [page], { ...chunk, text: ({ body }) => body.text });
    expect(await logitOf(page.body.text.slice(result!.span!.start, result!.span!.end))).toBe(result!.logit);
    expect(result!.document).toBe(page);
  });

  it('holds to its scores among other calls, and counts come back to zero', async () => {
    const expected = await reranker.score(documents.map((document) => [query, document]), chunk);
    const calls = Array.from({ length: 12 }, (_, i) => {
      const own = documents.slice(i, 30 - i);
      const options = i % 3 === 2 ? { ...chunk, signal: AbortSignal.timeout(i) } : chunk;
      return reranker.score(own.map((document) => [query, document]), options).then(
        (scores) => expect(scores).toEqual(expected.slice(i, 30 - i)),
        (error: Error) => expect(error.name).toBe('TimeoutError'),
      );
    });
    await Promise.all(calls);
    expect(reranker.stats().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0 });
  });
});

describe('options of chunks', () => {
  it('of load hold for each call that does not say otherwise', async () => {
    const folder = tinyFolder();
    const own = await Reranker.load(folder, { longDocuments: 'chunk', chunkTokens: 10, chunkOverlap: 2 });
    const document = longText(40, 6);
    const best = async (size: number, overlap: number) => {
      const parts = chunksOf(document, size, overlap).map((part) => [query, part] as const);
      return Math.max(...(await own.score(parts, { activation: 'identity', longDocuments: 'truncate' })));
    };
    const logit = async (options: ScoreOptions) => (await own.score([[query, document]], { activation: 'identity', ...options }))[0];
    expect(await logit({})).toBe(await best(10, 2));
    expect(await logit({ chunkTokens: 6 })).toBe(await best(6, 2));
    expect(await logit({ chunkOverlap: 5 })).toBe(await best(10, 5));
    expect(await logit({ longDocuments: 'truncate' })).toBe(await best(40, 0));
    await own.close();
  });

  it.each<[string, object, RegExp]>([
    ['longDocuments', { longDocuments: 'split' }, /longDocuments: expected 'truncate' or 'chunk'/],
    ['chunkTokens', { ...chunk, chunkTokens: 0 }, /chunkTokens: expected a whole number of 1/],
    ['chunkTokens', { ...chunk, chunkTokens: 1.5 }, /chunkTokens/],
    ['chunkOverlap', { ...chunk, chunkOverlap: -1 }, /chunkOverlap/],
    ['chunkOverlap over half', { ...chunk, chunkTokens: 9, chunkOverlap: 5 }, /chunkOverlap: expected at most 4, half of chunkTokens 9/],
    ['chunkTokens without chunks', { chunkTokens: 9 }, /chunkTokens: expected nothing without longDocuments 'chunk'/],
    ['chunkOverlap without chunks', { longDocuments: 'truncate', chunkOverlap: 9 }, /chunkOverlap/],
  ])('are checked: %s', async (_, options, message) => {
    const expected = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) };
    await expect(reranker.rank(query, ['a'], options)).rejects.toMatchObject(expected);
    await expect(reranker.score([[query, 'a']], options)).rejects.toMatchObject(expected);
    await expect(reranker.scoreStream(query, ['a'], options).next()).rejects.toMatchObject(expected);
  });

  it('are checked by load', async () => {
    for (const options of [{ longDocuments: 'split' }, { chunkTokens: 4, chunkOverlap: 3 }]) {
      await expect(Reranker.load('starter', options as object)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });
});

describe('what else a call promises', () => {
  it('truncation is then about the query alone', async () => {
    const longQuery = 'river '.repeat(30);
    const document = longText(60, 7);
    const [result] = await reranker.rank(longQuery, [document], chunk);
    expect(result!.truncated).toBe(true);
    const before = reranker.stats().counters.truncated;
    await reranker.score([[longQuery, document], [query, document]], chunk);
    expect(reranker.stats().counters.truncated).toBe(before + 1);
    expect(await reranker.rank(query, [document], { ...chunk, truncation: 'error' })).toEqual(await reranker.rank(query, [document], chunk));
    for (const truncation of ['error', 'document-only'] as const) {
      await expect(reranker.score([[query, ''], [longQuery, document]], { ...chunk, truncation })).rejects.toMatchObject({
        code: 'ERR_INPUT_TOO_LONG',
        message: expect.stringMatching(/^Pair 1: /),
      });
    }
  });

  it('statistics count chunks as pairs, and documents that were cut', async () => {
    const own = await loadTiny({ longDocuments: 'chunk', chunkTokens: 10, chunkOverlap: 0 });
    await own.rank(query, [longText(30), longText(10), longText(25)]);
    expect(own.stats().counters).toMatchObject({ pairs: 7, chunked: 2, truncated: 0, completed: 1 });
    await own.close();
  });

  it('the score cache knows chunks', async () => {
    const own = await loadTiny({ cacheSize: 100, longDocuments: 'chunk', chunkTokens: 10, chunkOverlap: 0 });
    const [first] = await own.rank(query, [longText(50)]);
    const [second] = await own.rank(query, [longText(50)]);
    expect(second).toEqual(first);
    expect(own.stats().counters).toMatchObject({ cacheHits: 5, pairs: 10 });
    await own.close();
  });

  it('a deadline returns whole documents only', async () => {
    const texts = [...someDocuments(50), longText(400_000, 8)];
    const within = async (deadlineMs: number): Promise<RankResult<string>[]> => {
      try {
        return await reranker.rank(query, texts, { ...chunk, deadlineMs });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_TIMEOUT' }); // a slow machine
        return within(2 * deadlineMs);
      }
    };
    const results = await within(100);
    expect(results.every(({ partial }) => partial)).toBe(true);
    expect(results.map(({ index }) => index)).not.toContain(50);
    for (const { document, logit, span } of results.slice(0, 5)) {
      expect(await logitOf(document.slice(span!.start, span!.end))).toBe(logit);
    }
  });

  it('an abort takes the chunks of a long document off the queue', async () => {
    const controller = new AbortController();
    const ranking = reranker.rank(query, [longText(400_000, 8)], { ...chunk, signal: controller.signal });
    while (reranker.stats().gauges.queuedPairs === 0) await setImmediate();
    controller.abort(new Error('enough'));
    await expect(ranking).rejects.toThrow('enough');
    expect(reranker.stats().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0 });
  });

  it('a long document does not hold up a short call', async () => {
    const controller = new AbortController();
    let finished = false;
    const long = reranker.rank(query, [longText(400_000, 8)], { ...chunk, signal: controller.signal }).finally(() => (finished = true));
    for (let i = 0; i < 5; i++) await reranker.rank(query, ['bread', 'milk']);
    expect(finished).toBe(false);
    controller.abort(new Error('enough'));
    await expect(long).rejects.toThrow('enough');
  });
});

it('an error of a stream names the document by its index in the stream', async () => {
  const list = [...someDocuments(700).map((text) => text.slice(0, 20)), longText(600)];
  const drain = async () => {
    for await (const _ of reranker.scoreStream(query, list, { truncation: 'error' }));
  };
  await expect(drain()).rejects.toMatchObject({ message: expect.stringMatching(/^Pair 700: /) });
});
