import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reranker } from '../../dist/index.js';
import { loadTiny, query, someDocuments } from './tiny-reranker.js';

let reranker: Reranker;
const documents = someDocuments(300);
let alone: number[];

beforeAll(async () => {
  reranker = await loadTiny();
  alone = [];
  for (const document of documents) alone.push((await reranker.score([[query, document]], { activation: 'identity' }))[0]!);
});

afterAll(() => reranker.close());

describe('score', () => {
  it('gives each pair, at its index, the very score it has alone', async () => {
    const scores = await reranker.score(documents.map((document) => [query, document]), { activation: 'identity' });
    expect(scores).toEqual(alone);
  });

  it('holds to that for shuffled, duplicated and interleaved calls', async () => {
    const calls = fc.array(fc.array(fc.nat(documents.length - 1), { maxLength: 60 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(calls, async (indices) => {
        const results = await Promise.all(
          indices.map((list) => reranker.score(list.map((i) => [query, documents[i]!]), { activation: 'identity' })),
        );
        expect(results).toEqual(indices.map((list) => list.map((i) => alone[i])));
      }),
      { numRuns: 30 },
    );
  });

  it('tells queries apart within one call', async () => {
    const pairs: [string, string][] = [['bread', 'milk'], ['fire', 'milk'], ['bread', 'milk']];
    const [first, second, third] = await reranker.score(pairs);
    expect(first).toBe(third);
    expect(first).not.toBe(second);
  });

  it('of nothing is nothing', async () => {
    expect(await reranker.score([])).toEqual([]);
  });
});

describe('rank', () => {
  it('is best first, with the document as it was given', async () => {
    const objects = documents.map((text, id) => ({ text, id }));
    const results = await reranker.rank(query, objects);
    const order = [...documents.keys()].sort((a, b) => alone[b]! - alone[a]! || a - b);
    expect(results.map(({ index }) => index)).toEqual(order);
    for (const { index, document, logit, score } of results) {
      expect(document).toBe(objects[index]);
      expect(logit).toBe(alone[index]);
      expect(score).toBeCloseTo(1 / (1 + Math.exp(-logit)), 15);
    }
  });

  it('returns each duplicate, lower index first', async () => {
    const results = await reranker.rank(query, ['bread', 'milk', 'bread', 'milk', 'bread']);
    const indices = results.map(({ index }) => index);
    expect(indices.filter((i) => i % 2 === 0)).toEqual([0, 2, 4]);
    expect(indices.filter((i) => i % 2 === 1)).toEqual([1, 3]);
  });

  it('sorts, then cuts by minScore, then by topN', async () => {
    const all = await reranker.rank(query, documents);
    const middle = all[100]!.score;
    const enough = all.filter(({ score }) => score >= middle);
    expect(await reranker.rank(query, documents, { minScore: middle })).toEqual(enough);
    expect(await reranker.rank(query, documents, { minScore: middle, topN: 7 })).toEqual(all.slice(0, 7));
    expect(await reranker.rank(query, documents, { topN: 0 })).toEqual([]);
    expect(await reranker.rank(query, documents, { topN: 10_000 })).toEqual(all);
    expect(await reranker.rank(query, documents, { minScore: 1.1 })).toEqual([]);
  });

  it('makes the score the logit on request, for minScore too', async () => {
    const results = await reranker.rank(query, documents, { activation: 'identity', minScore: alone[3] });
    expect(results.every(({ score, logit }) => score === logit && score >= alone[3]!)).toBe(true);
    expect(results.at(-1)!.score).toBe(alone[3]);
  });

  it('gets the text of a document as it is told', async () => {
    const pages = documents.slice(0, 5).map((body) => ({ body: { text: body }, title: body }));
    const expected = (await reranker.rank(query, documents.slice(0, 5))).map(({ index, logit }) => ({ index, logit }));
    const byName = await reranker.rank(query, pages, { text: 'title', returnDocuments: false });
    const byFunction = await reranker.rank(query, pages, { text: (page) => page.body.text, returnDocuments: false });
    expect(byName.map(({ index, logit }) => ({ index, logit }))).toEqual(expected);
    expect(byFunction).toEqual(byName);
    expect(byName[0]).not.toHaveProperty('document');
    expect(await reranker.rank(query, ['bread', { text: 'bread' }])).toHaveLength(2);
  });

  it('does not see what the caller does to the list later', async () => {
    const list = documents.slice(0, 50);
    const ranking = reranker.rank(query, list);
    list.fill('bread');
    list.length = 3;
    expect(await ranking).toEqual(await reranker.rank(query, documents.slice(0, 50)));
  });

  it('of no documents is no results', async () => {
    expect(await reranker.rank(query, [])).toEqual([]);
  });
});

describe('truncation', () => {
  const long = 'river mountain '.repeat(400);

  it('is told on each result that was cut, and only there', async () => {
    const before = reranker.stats().counters.truncated;
    const results = await reranker.rank(query, [long, 'river mountain']);
    expect(results.find(({ index }) => index === 0)).toHaveProperty('truncated', true);
    expect(results.find(({ index }) => index === 1)).not.toHaveProperty('truncated');
    expect(reranker.stats().counters.truncated - before).toBe(1);
  });

  it('can be refused, with the index of the pair', async () => {
    await expect(reranker.rank(query, ['river', long], { truncation: 'error' })).rejects.toMatchObject({
      code: 'ERR_INPUT_TOO_LONG',
      message: expect.stringContaining('1'),
    });
  });

  it('can leave the query whole', async () => {
    const longQuery = 'bread milk '.repeat(240);
    const cut = 'fire stone '.repeat(100);
    const [both, documentOnly, shorter] = await Promise.all([
      reranker.score([[longQuery, cut]]),
      reranker.score([[longQuery, cut]], { truncation: 'document-only' }),
      reranker.score([[longQuery, 'fire stone '.repeat(14) + 'fire']]),
    ]);
    expect(documentOnly).toEqual(shorter); // 512 = 3 special tokens + 480 of the query + 29 of the document
    expect(both).not.toEqual(documentOnly);
  });
});
