import { assertType, describe, expectTypeOf, test } from 'vitest';
import {
  type ErrorCode,
  type RankOptions,
  type RankResult,
  Reranker,
  RerankerError,
  type RerankerInfo,
  type Span,
  type StreamResult,
} from '../../lib/index.js';

declare const reranker: Reranker;

interface Page {
  url: string;
  body: string;
}
declare const pages: Page[];
declare const texts: string[];
declare const withText: { text: string; id: number }[];

describe('rank', () => {
  test('gives documents back as what they were', () => {
    expectTypeOf(reranker.rank('q', texts)).resolves.toEqualTypeOf<RankResult<string>[]>();
    expectTypeOf(reranker.rank('q', withText)).resolves.toEqualTypeOf<RankResult<{ text: string; id: number }>[]>();
    expectTypeOf(reranker.rank('q', pages, { text: 'body' })).resolves.toEqualTypeOf<RankResult<Page>[]>();
    expectTypeOf(reranker.rank('q', pages, { text: (page) => page.body })).resolves.toEqualTypeOf<RankResult<Page>[]>();
    expectTypeOf(reranker.rank('q', [1, 2], { text: (page) => `Page ${page}` })).resolves.toEqualTypeOf<RankResult<number>[]>();
  });

  test('takes what must not change', () => {
    const fixed = ['a', 'b'] as const;
    expectTypeOf(reranker.rank('q', fixed)).resolves.toEqualTypeOf<RankResult<'a' | 'b'>[]>();
  });

  test('gives no document where none is asked for', () => {
    const results = reranker.rank('q', pages, { text: 'body', returnDocuments: false });
    expectTypeOf(results).resolves.items.toHaveProperty('document').toEqualTypeOf<Page | undefined>();
  });

  test('takes options of chunks', () => {
    assertType<Promise<unknown>>(reranker.rank('q', ['a'], { longDocuments: 'chunk', chunkTokens: 128, chunkOverlap: 16 }));
    assertType<Promise<unknown>>(Reranker.load('starter', { longDocuments: 'chunk' }));
    // @ts-expect-error no such way
    reranker.rank('q', ['a'], { longDocuments: 'split' });
  });

  test('wants to know where the text is', () => {
    // @ts-expect-error a Page has no text
    reranker.rank('q', pages);
    // @ts-expect-error a Page has no such field
    reranker.rank('q', pages, { text: 'title' });
    // @ts-expect-error the function returns no string
    reranker.rank('q', pages, { text: (page: Page) => page.url.length });
    // @ts-expect-error no such option
    reranker.rank('q', ['a'], { top_n: 5 });
    // @ts-expect-error no list
    reranker.rank('q', 'a');
  });

  test('marks what may be missing', () => {
    expectTypeOf<RankResult<string>['truncated']>().toEqualTypeOf<true | undefined>();
    expectTypeOf<RankResult<string>['partial']>().toEqualTypeOf<true | undefined>();
    expectTypeOf<StreamResult<string>['span']>().toEqualTypeOf<Span | undefined>();
  });
});

describe('score', () => {
  test('takes pairs and gives numbers', () => {
    expectTypeOf(reranker.score([['q', 'a']])).resolves.toEqualTypeOf<number[]>();
    const pairs = [['q', 'a']] as const;
    expectTypeOf(reranker.score(pairs, { activation: 'identity' })).resolves.toEqualTypeOf<number[]>();
    // @ts-expect-error three are no pair
    reranker.score([['q', 'a', 'b']]);
    // @ts-expect-error only rank has a deadline
    reranker.score([['q', 'a']], { deadlineMs: 5 });
  });
});

describe('scoreStream', () => {
  test('takes both kinds of iterable', () => {
    async function* lines() {
      yield 'a';
    }
    expectTypeOf(reranker.scoreStream('q', lines())).toExtend<AsyncIterable<StreamResult<string>>>();
    expectTypeOf(reranker.scoreStream('q', new Set(['a']))).toExtend<AsyncIterable<StreamResult<string>>>();
    expectTypeOf(reranker.scoreStream('q', pages, { text: 'body' })).toExtend<AsyncIterable<StreamResult<Page>>>();
    // @ts-expect-error a Page has no text
    reranker.scoreStream('q', pages);
  });
});

describe('Reranker', () => {
  test('is made by load alone', () => {
    expectTypeOf(Reranker.load).returns.resolves.toEqualTypeOf<Reranker>();
    assertType<Promise<Reranker>>(Reranker.load('starter', { dtype: 'float32', scheduling: 'fifo' }));
    assertType<Promise<Reranker>>(Reranker.load(new URL('file:///model')));
    // @ts-expect-error the constructor is private
    new Reranker();
    // @ts-expect-error no such dtype
    Reranker.load('starter', { dtype: 'fp16' });
  });

  test('can be disposed of', () => {
    expectTypeOf(reranker).toExtend<AsyncDisposable>();
  });

  test('tells what it is', () => {
    expectTypeOf(reranker.info()).toEqualTypeOf<RerankerInfo>();
    expectTypeOf(reranker.stats().counters.pairs).toBeNumber();
  });
});

describe('RerankerError', () => {
  test('narrows by code', () => {
    const error: unknown = undefined;
    if (error instanceof RerankerError) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
    expectTypeOf<RerankerError>().toExtend<Error>();
  });
});

test('options can be written apart', () => {
  const options: RankOptions<string> = { topN: 5, weight: 2, fairnessKey: 'user 7' };
  expectTypeOf(reranker.rank('q', ['a'], options)).resolves.items.toHaveProperty('score').toBeNumber();
});
