import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reranker, RerankerError } from '../../dist/index.js';
import { loadTiny, query, someDocuments } from './tiny-reranker.js';

let reranker: Reranker;
const documents = someDocuments(20);
let expected: number[];

/** The public API as plain JavaScript sees it. */
interface Untyped {
  rank(...args: unknown[]): Promise<unknown>;
  score(...args: unknown[]): Promise<unknown>;
  scoreStream(...args: unknown[]): AsyncIterable<unknown>;
  close(...args: unknown[]): Promise<void>;
}
let untyped: Untyped;

beforeAll(async () => {
  reranker = await loadTiny();
  untyped = reranker as unknown as Untyped;
  expected = await reranker.score(documents.map((document) => [query, document]));
});

afterAll(() => reranker.close());

async function rejection(call: () => Promise<unknown> | AsyncIterable<unknown>): Promise<RerankerError> {
  // A good call is in flight all the while; a bad one must not touch it.
  const good = reranker.score(documents.map((document) => [query, document]));
  let error: unknown;
  try {
    const returned = call(); // never throws here: that would escape a caller's .catch()
    if (returned instanceof Promise) await returned;
    else for await (const _ of returned);
  } catch (thrown) {
    error = thrown;
  }
  expect(await good).toEqual(expected);
  expect(error).toBeInstanceOf(RerankerError);
  return error as RerankerError;
}

const sparse = ['a', 'b', 'c'];
delete sparse[1];
const hole = sparse;

describe('an argument of the wrong kind is refused, with its place and what was received', () => {
  it.each<[string, () => Promise<unknown> | AsyncIterable<unknown>, RegExp]>([
    ['no query', () => untyped.rank(), /^query: expected a string, received undefined/],
    ['a query that is a number', () => untyped.rank(7, ['a']), /^query: .* received 7/],
    ['a query that is a list', () => untyped.rank(['q'], ['a']), /^query: .* received an array of 1/],
    ['no documents', () => untyped.rank('q'), /^documents: expected an array, received undefined/],
    ['one document', () => untyped.rank('q', 'a'), /^documents: .* the string "a".*\[document\]/],
    ['a set of documents', () => untyped.rank('q', new Set(['a'])), /^documents: expected an array.*scoreStream/],
    ['a sparse list', () => untyped.rank('q', hole), /^documents\[1\]: .* received undefined/],
    ['a null document', () => untyped.rank('q', ['a', null]), /^documents\[1\]: .* received null/],
    ['a number as document', () => untyped.rank('q', ['a', 'b', 3]), /^documents\[2\]: .* received 3/],
    ['a document without text', () => untyped.rank('q', [{ text: 'a' }, { body: 'b' }]), /^documents\[1\]\.text: expected a string, received undefined.*options\.text/],
    ['a text that is no string', () => untyped.rank('q', [{ text: 5 }]), /^documents\[0\]\.text: .* received 5/],
    ['a named field that is missing', () => untyped.rank('q', [{ a: 'x' }], { text: 'b' }), /^documents\[0\]\.b/],
    ['a text function that returns nothing', () => untyped.rank('q', ['a', 'b'], { text: () => undefined }), /documents\[0\].*undefined/],
    ['a text function that throws', () => untyped.rank('q', [{}], { text: (d: { a: { b: string } }) => d.a.b }), /documents\[0\] threw/],
    ['options that are no object', () => untyped.rank('q', ['a'], 5), /^options: expected an object, received 5/],
    ['options that are null', () => untyped.rank('q', ['a'], null), /^options: expected an object, received null/],
    ['an unknown option', () => untyped.rank('q', ['a'], { top_n: 5 }), /^options\.top_n: no such option.*topN/],
    ['pairs that are no list', () => untyped.score('q'), /^pairs: expected an array/],
    ['a pair that is no list', () => untyped.score([['q', 'a'], 'q']), /^pairs\[1\]: expected \[query, document\], received the string "q"/],
    ['a pair of three', () => untyped.score([['q', 'a', 'b']]), /^pairs\[0\]: .* an array of 3/],
    ['a sparse list of pairs', () => untyped.score([['q', 'a'], , ['q', 'b']]), /^pairs\[1\]: .* undefined/],
    ['a query in a pair that is no string', () => untyped.score([['q', 'a'], [null, 'a']]), /^pairs\[1\]\[0\]: .* null/],
    ['a document in a pair that is no string', () => untyped.score([['q', { text: 'a' }]]), /^pairs\[0\]\[1\]: expected a string/],
    ['a rank option in score', () => untyped.score([['q', 'a']], { topN: 1 }), /^options\.topN: no such option/],
    ['a stream of characters', () => untyped.scoreStream('q', 'abc'), /^documents: expected an iterable or async iterable, received the string/],
    ['a stream of nothing', () => untyped.scoreStream('q', {}), /^documents: expected an iterable/],
    ['a bad document in a stream', () => untyped.scoreStream('q', ['a', 'b', 7]), /^documents\[2\]: .* received 7/],
    ['a deadline for a stream', () => untyped.scoreStream('q', ['a'], { deadlineMs: 5 }), /^options\.deadlineMs: no such option/],
    ['an odd way to close', () => untyped.close({ drain: 'yes' }), /^options\.drain: expected true or false/],
  ])('%s', async (_, call, message) => {
    expect(await rejection(call)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });

  it('keeps what a text function threw', async () => {
    const cause = new Error('mine');
    const error = await rejection(() => reranker.rank('q', ['a'], { text: () => { throw cause; } }));
    expect(error.cause).toBe(cause);
  });
});

describe('an option out of its range is refused, by name', () => {
  it.each<[string, unknown]>([
    ['topN', -1],
    ['topN', 1.5],
    ['topN', NaN],
    ['topN', Infinity],
    ['topN', '5'],
    ['topN', null],
    ['minScore', NaN],
    ['minScore', '0.5'],
    ['returnDocuments', 1],
    ['activation', 'softmax'],
    ['truncation', 'longest_first'],
    ['text', 5],
    ['weight', 0],
    ['weight', -1],
    ['weight', NaN],
    ['timeoutMs', -1],
    ['timeoutMs', NaN],
    ['timeoutMs', 2 ** 31],
    ['deadlineMs', NaN],
    ['deadlineMs', '10'],
    ['signal', {}],
  ])('%s: %o', async (name, value) => {
    const error = await rejection(() => untyped.rank('q', ['a'], { [name]: value }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(name) });
    expect(error.message).toMatch(/expected .* received/);
  });

  it('takes undefined for absent', async () => {
    const options = { topN: undefined, minScore: undefined, text: undefined, signal: undefined, weight: undefined };
    expect(await reranker.rank('q', ['a'], options)).toHaveLength(1);
  });
});

describe('odd texts are scored', () => {
  it('empty ones, on either side', async () => {
    const scores = await reranker.score([['', ''], ['', 'bread'], ['bread', '']]);
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
    expect(new Set(scores).size).toBe(3);
  });

  it('lone surrogates as U+FFFD', async () => {
    const [lone, replaced, trailing] = await reranker.score([
      [query, 'bread \ud83d and milk'],
      [query, 'bread \ufffd and milk'],
      [query, 'bread \udc00 and milk'],
    ]);
    expect(lone).toBe(replaced);
    expect(trailing).toBe(replaced);
  });

  it('text that looks like special tokens, control characters and a megabyte', async () => {
    const odd = ['[SEP] [CLS]', '\u0000\u0007', '🌋'.repeat(1000), 'a'.repeat(1_000_000), '\n'];
    const results = await reranker.rank(query, odd);
    expect(results.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(results.every(({ logit }) => Number.isFinite(logit))).toBe(true);
  });
});
