import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EncodeCall } from '../../../lib/tokenizer/encode-call.js';
import { ReferenceEncoder } from '../../../lib/tokenizer/reference-encoder.js';
import { type EncodedSlice, Tokenizer } from '../../../lib/tokenizer/tokenizer.js';
import { addedTokens, anyText, joined, pieces } from './arbitrary-texts.js';
import { defaults, encodeAll, referenceOnly, sourceOf, starterFiles, starterJson, variant } from './starter.js';

interface Chunk {
  pair: number;
  part: number;
  last: boolean;
  /** Tokens of the query and of the document. */
  query: number[];
  document: number[];
  text: string;
  start: number;
  end: number;
  truncated: boolean;
}

const reference = new ReferenceEncoder(starterJson());
const encode = (text: string) => reference.encode(text);
const word = 'antidisestablishmentarianism';
const sep = 102;

const anyDocument = fc.oneof(
  anyText,
  joined([...pieces, ...addedTokens, ` ${word} `]),
  fc.array(fc.constantFrom('volcanoes', 'café', 'e\u0301te', '火山', 'the', word, '👩‍🚀', '\0'), { maxLength: 300 })
    .map((words) => words.join(' ')),
);
const anyCase = fc.record({
  query: fc.constantFrom('', 'how', 'how do volcanoes form?'),
  documents: fc.array(anyDocument, { minLength: 1, maxLength: 20 }),
  maxLength: fc.integer({ min: 16, max: 64 }),
  tokens: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 40 })),
  overlap: fc.integer({ min: 0, max: 20 }),
});

async function chunksOf(
  tokenizer: Tokenizer,
  pairs: readonly (readonly [string, string])[],
  options: Partial<Parameters<Tokenizer['encode']>[1]>,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const slice of tokenizer.encode(sourceOf(pairs), { ...defaults, ...options })) {
    chunks.push(...unpack(slice, pairs));
  }
  return chunks;
}

function unpack({ inputIds, lengths, truncated, chunks }: EncodedSlice, pairs: readonly (readonly [string, string])[]): Chunk[] {
  let at = 0;
  return [...lengths].map((length, i) => {
    const ids = [...inputIds.subarray(at, (at += length))];
    const [pair, start, end] = [chunks!.pairs[i]!, chunks!.starts[i]!, chunks!.ends[i]!];
    const text = pairs[pair]![1].slice(start, end);
    const middle = ids.indexOf(sep);
    return {
      pair, part: chunks!.parts[i]!, last: chunks!.last[i] === 1, start, end, text, truncated: truncated[i] === 1,
      query: ids.slice(1, middle), document: ids.slice(middle + 1, -1),
    };
  });
}

describe.each([
  ['fast', () => starterFiles],
  ['reference', referenceOnly],
] as const)('a document in chunks on the %s path', (path, files) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await Tokenizer.load(files());
    expect(tokenizer.path).toBe(path);
  });
  afterAll(() => tokenizer.close());

  it('is covered by them, in order, each being the tokens of its span and repeating no more than it may', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ query, documents, maxLength, tokens, overlap }) => {
        const pairs = documents.map((document) => [query, document] as const);
        const chunks = await chunksOf(tokenizer, pairs, { maxLength, chunking: { tokens, overlap } });
        const capacity = Math.min(tokens, maxLength - 3 - encode(query).length);
        for (const [i, document] of documents.entries()) {
          const own = chunks.filter(({ pair }) => pair === i);
          expect(own.map(({ part, last }) => [part, last])).toEqual(own.map((_, k) => [k, k === own.length - 1]));
          expect(own.length === 1).toBe(encode(document).length <= capacity);
          checkCover(document, own, capacity, Math.min(overlap, Math.floor(capacity / 2)));
        }
        expect(chunks.map(({ pair }) => pair)).toEqual(chunks.map(({ pair }) => pair).sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  it('that fits is the pair that truncation makes of it', async () => {
    const pairs = [['how do volcanoes form?', ' magma '.repeat(20)], [word.repeat(9), 'the'], ['', '']] as const;
    const whole = await encodeAll(tokenizer, pairs, { maxLength: 40 });
    const chunks = await chunksOf(tokenizer, pairs, { maxLength: 40, chunking: { tokens: 30, overlap: 10 } });
    expect(chunks.map(({ query, document, truncated }) => ({ ids: [101, ...query, sep, ...document, sep], truncated }))).toEqual(
      whole.map(({ ids, truncated }) => ({ ids, truncated })),
    );
    expect(chunks.map(({ start, end }) => [start, end])).toEqual([[1, 139], [0, 3], [0, 0]]);
  });
});

function checkCover(document: string, chunks: Chunk[], capacity: number, overlap: number): void {
  let [position, previous] = [0, -1];
  for (const chunk of chunks) {
    expect(chunk.document.length).toBeLessThanOrEqual(capacity);
    const ofSpan = encode(chunk.text);
    if (ofSpan.length <= capacity) expect(ofSpan).toEqual(chunk.document);
    else expect(ofSpan.join()).toContain(chunk.document.join()); // a word that had to be cut; its span is whole
    if (chunk.start > position) expect(encode(document.slice(position, chunk.start))).toEqual([]);
    if (ofSpan.length <= capacity && chunk.start > previous && chunk.start < position) {
      expect(encode(document.slice(chunk.start, position)).length).toBeLessThanOrEqual(overlap);
    }
    if (ofSpan.length <= capacity && chunk.part > 0) expect(chunk.end).toBeGreaterThan(position);
    [position, previous] = [chunk.end, chunk.start];
  }
  expect(encode(document.slice(position))).toEqual([]);
}

describe('chunks', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await Tokenizer.load(starterFiles);
  });
  afterAll(() => tokenizer.close());

  it('repeat the words that the overlap holds, and are as long as they may be', async () => {
    const document = Array.from({ length: 25 }, (_, i) => String.fromCharCode(97 + i)).join(' ');
    const chunks = await chunksOf(tokenizer, [['', document]], { chunking: { tokens: 10, overlap: 4 } });
    expect(chunks.map(({ text }) => text.replaceAll(' ', ''))).toEqual(['abcdefghij', 'ghijklmnop', 'mnopqrstuv', 'stuvwxy']);
  });

  it('of a word that is longer than a chunk are its tokens in turn, each with the span of the word', async () => {
    const chunks = await chunksOf(tokenizer, [['', `the ${word} end`]], { chunking: { tokens: 2, overlap: 1 } });
    const ids = encode(word);
    expect(ids.length).toBeGreaterThan(3);
    expect(chunks.filter(({ text }) => text === word).flatMap(({ document }) => document)).toEqual(ids.slice(0, -(ids.length % 2) || undefined));
    expect(chunks.at(-1)!.text).toMatch(/end$/);
  });

  it('leave a query as truncation would, and tell that it was cut', async () => {
    const query = 'the '.repeat(30);
    const document = 'of '.repeat(100);
    const cut = await chunksOf(tokenizer, [[query, document]], { maxLength: 43, chunking: { tokens: Infinity, overlap: 0 } });
    expect(cut.map(({ query, document, truncated }) => [query.length, document.length, truncated])).toEqual(
      Array.from({ length: 5 }, () => [20, 20, true]),
    );
    for (const truncation of ['document-only', 'error'] as const) {
      const options = { maxLength: 43, truncation, chunking: { tokens: Infinity, overlap: 0 } };
      const whole = await chunksOf(tokenizer, [[query, document]], options);
      expect(whole.map(({ query, document, truncated }) => [query.length, document.length, truncated])).toEqual(
        Array.from({ length: 10 }, () => [30, 10, false]),
      );
      await expect(chunksOf(tokenizer, [['a', 'b'], ['the '.repeat(41), document]], options)).rejects.toMatchObject({
        code: 'ERR_INPUT_TOO_LONG',
        message: expect.stringMatching(/^Pair 1: .*query has 44 tokens/),
      });
    }
  });

  it('come only as far ahead as a few slices, however long the document', async () => {
    const document = 'the '.repeat(2_000_000);
    const chunking = { tokens: Infinity, overlap: 0 };
    const call = tokenizer.encode(sourceOf([['', document], ['', 'end']]), { ...defaults, chunking });
    const received = vi.spyOn(EncodeCall.prototype, 'receive');
    await call.next();
    for (let i = 0; i < 200; i++) await encodeAll(tokenizer, [['the', 'the']]);
    const slices = received.mock.calls.filter(([reply]) => reply.kind === 'slice' && reply.slice.chunks);
    received.mockRestore();
    expect(slices.length).toBeLessThanOrEqual(4); // of 246
    let sequences = 0;
    for await (const { lengths } of call) sequences += lengths.length;
    expect(sequences).toBe(Math.ceil(2_000_000 / 509) - 16 + 1);
  });

  it('are refused where the tokenizer does not say where words are', async () => {
    const spaceless = await Tokenizer.load(variant((json) => (json.pre_tokenizer = { type: 'WhitespaceSplit' })));
    const pairs = [['a', 'b']] as const;
    expect(await encodeAll(spaceless, pairs)).toHaveLength(1);
    await expect(chunksOf(spaceless, pairs, { chunking: { tokens: 9, overlap: 0 } })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNSUPPORTED',
    });
    spaceless.close();
  });

  it('count pairs from where the source says', async () => {
    const source = { ...sourceOf([['', 'a'], ['', 'b'.repeat(99)]]), first: 700 };
    const options = { ...defaults, maxLength: 12, truncation: 'error' } as const;
    const message = expect.stringMatching(/^Pair 701: /);
    await expect(tokenizer.encode(source, options).next()).rejects.toMatchObject({ message });
    const { value } = await tokenizer.encode(source, { ...defaults, chunking: { tokens: 9, overlap: 0 } }).next();
    expect([value!.first, value!.chunks!.pairs[0]]).toEqual([700, 700]);
  });
});
