import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../lib/tokenizer/tokenizer.js';
import { encodeAll, referenceOnly, starterFiles } from './starter.js';

interface Corpus {
  texts: { class: string; text: string; ids: number[] }[];
  pairs: {
    query: string;
    document: string;
    maxLength: number;
    truncation: 'longest-first' | 'document-only';
    truncated: boolean;
    ids: number[];
    documentStart: number;
  }[];
}

const corpusFile = join(import.meta.dirname, '../../goldens/tokenizer-corpus.json');
const corpus = JSON.parse(readFileSync(corpusFile, 'utf8')) as Corpus;
const [cls, sep] = [101, 102];

describe.each([
  ['fast', () => starterFiles],
  ['reference', referenceOnly],
] as const)('the %s path', (path, files) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await Tokenizer.load(files());
    expect(tokenizer.path).toBe(path);
  });
  afterAll(() => tokenizer.close());

  it('gives the ids of the Rust tokenizer for every text, as a document and as a query', async () => {
    const asDocuments = await encodeAll(
      tokenizer,
      corpus.texts.map(({ text }) => ['', text] as const),
      { maxLength: 2048 },
    );
    const asQueries = await encodeAll(
      tokenizer,
      corpus.texts.map(({ text }) => [text, ''] as const),
      { maxLength: 2048 },
    );
    const wrong = corpus.texts.filter(
      ({ ids }, i) =>
        asDocuments[i]!.ids.join() !== [cls, sep, ...ids, sep].join() ||
        asQueries[i]!.ids.join() !== [cls, ...ids, sep, sep].join(),
    );
    expect(wrong).toEqual([]);
    expect(asDocuments).toHaveLength(corpus.texts.length);
  });

  it('splices and truncates every pair as the Rust tokenizer does', async () => {
    expect(corpus.pairs.length).toBeGreaterThan(100);
    for (const { query, document, maxLength, truncation, truncated, ids, documentStart } of corpus.pairs) {
      const [pair] = await encodeAll(tokenizer, [[query, document]], { maxLength, truncation });
      const types = ids.map((_, position) => (position < documentStart ? 0 : 1));
      expect(pair, `${maxLength} ${query} | ${document}`).toEqual({ ids, types, truncated });
    }
  });
});
