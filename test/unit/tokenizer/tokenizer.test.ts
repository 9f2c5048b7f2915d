import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EncodedSlice, type PairSource, Tokenizer } from '../../../lib/tokenizer/tokenizer.js';
import { defaults, encodeAll, referenceOnly, starterFiles, unpack } from './starter.js';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await Tokenizer.load(starterFiles);
});
afterAll(() => tokenizer.close());

const query = 'how do volcanoes form?';
const document = (index: number) => `document ${index} is about magma`;
const documents = (count: number): PairSource => ({ count, query: () => query, document });

/** Long enough that the worker has to ask for more than was sent at first, whatever the path. */
const unbroken = 'x'.repeat(50_000);

it('knows the size of the vocabulary, added tokens included', async () => {
  expect(tokenizer.vocabSize).toBe(30_522);
  const larger = await Tokenizer.load(referenceOnly());
  expect(larger.vocabSize).toBe(30_523);
  larger.close();
});

it('gives slices that partition the input, in order, for any number of pairs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 200 }), async (count) => {
      let next = 0;
      for await (const { first, lengths, inputIds, tokenTypeIds, truncated } of tokenizer.encode(
        documents(count),
        defaults,
      )) {
        expect(first).toBe(next);
        next += lengths.length;
        expect(lengths.length).toBeGreaterThan(0);
        expect(truncated).toHaveLength(lengths.length);
        expect(inputIds).toHaveLength(lengths.reduce((sum, length) => sum + length, 0));
        expect(tokenTypeIds).toHaveLength(inputIds.length);
      }
      expect(next).toBe(count);
    }),
    { numRuns: 20 },
  );
});

it('gives each of many interleaved calls what it would get alone', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', query, unbroken, `${'a'}${'\u0301'.repeat(40_000)} end`, '火山'.repeat(10_000)),
  );
  const call = fc.record({
    pairs: fc.array(fc.tuple(text, text), { maxLength: 40 }),
    maxLength: fc.integer({ min: 4, max: 64 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 2, maxLength: 8 }), async (calls) => {
      const together = await Promise.all(
        calls.map(({ pairs, maxLength }) => encodeAll(tokenizer, pairs, { maxLength })),
      );
      for (const [i, { pairs, maxLength }] of calls.entries()) {
        const alone = [];
        for (const pair of pairs) alone.push(...(await encodeAll(tokenizer, [pair], { maxLength })));
        expect(together[i]).toEqual(alone);
      }
    }),
    { numRuns: 8 },
  );
});

it('encodes a text of any length, sent in parts, as one', async () => {
  const marks = '\u0301'.repeat(100_000);
  const spaces = ' '.repeat(100_000);
  // A pair of surrogates and an added token fall on the ends of the parts.
  const split = `${'\u200b'.repeat(8191)}😀 [SEP]${'\u200b'.repeat(8183)}[SEP] 😀`;
  const pairs = [
    [`e${marks} ${unbroken} volcano`, `vol${marks}cano`],
    [query, `${spaces}form${spaces}`],
    [split, split],
  ] as const;
  const [long, spaced, cut] = await encodeAll(tokenizer, pairs);
  const [short] = await encodeAll(tokenizer, [[`e ${'x'.repeat(101)} volcano`, 'volcano']]);
  expect(long).toEqual(short);
  expect(spaced).toEqual((await encodeAll(tokenizer, [[query, 'form']]))[0]);
  expect(cut).toEqual((await encodeAll(tokenizer, [['😀 [SEP][SEP] 😀', '😀 [SEP][SEP] 😀']]))[0]);
});

it('takes half of a surrogate pair for U+FFFD', async () => {
  const [broken, replaced] = await encodeAll(tokenizer, [
    ['a\ud800b \udc00', '\udbff'],
    ['a\ufffdb \ufffd', '\ufffd'],
  ]);
  expect(broken).toEqual(replaced);
});

it('sets every token type to 0 for a model with one', async () => {
  const [pair] = await encodeAll(tokenizer, [[query, document(0)]], { typeVocabSize: 1 });
  expect(new Set(pair!.types)).toEqual(new Set([0]));
});

it('marks exactly the pairs that lost tokens', async () => {
  const ten = 'the '.repeat(10);
  const pairs = await encodeAll(
    tokenizer,
    [
      ['the', ten],
      ['the the', ten],
      [ten, 'the'],
      [ten, 'the the'],
    ],
    {
      maxLength: 14,
    },
  );
  expect(pairs.map(({ truncated }) => truncated)).toEqual([false, true, false, true]);
});

it('rejects a pair that is too long if told so, with its index, its tokens and the limit', async () => {
  const options = { maxLength: 12, truncation: 'error' } as const;
  const fitting = [['the', 'the '.repeat(8)]] as const;
  expect((await encodeAll(tokenizer, fitting, options))[0]!.ids).toHaveLength(12);
  const pairs = [...fitting, ['the', 'the '.repeat(60_000)]] as const;
  await expect(encodeAll(tokenizer, pairs, options)).rejects.toMatchObject({
    code: 'ERR_INPUT_TOO_LONG',
    message: expect.stringMatching(/^Pair 1: .*maxLength 12 tokens, received 60004 /),
  });
});

it('rejects a query that leaves no room when only the document may be cut', async () => {
  const options = { maxLength: 12, truncation: 'document-only' } as const;
  const [cut] = await encodeAll(tokenizer, [['the '.repeat(8), 'the '.repeat(50)]], options);
  expect(cut).toMatchObject({ truncated: true, ids: { length: 12 } });
  await expect(encodeAll(tokenizer, [['the '.repeat(9), 'the']], options)).rejects.toMatchObject({
    code: 'ERR_INPUT_TOO_LONG',
    message: expect.stringMatching(/^Pair 0: .*12 tokens.*maxLength 12/),
  });
});

it('refuses a maxLength without room for text', () => {
  for (const maxLength of [3, 0, -1, 7.5, NaN]) {
    expect(() => tokenizer.encode(documents(1), { ...defaults, maxLength })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringContaining(String(maxLength)),
      }),
    );
  }
});

it('reads the source only as far ahead as a few slices, however slow the consumer', async () => {
  const asked: number[] = [];
  const source: PairSource = {
    count: 100_000,
    query: () => query,
    document(index) {
      asked.push(index);
      return document(index);
    },
  };
  const call = tokenizer.encode(source, defaults);
  expect(asked).toEqual([]);
  const { value } = await call.next();
  // The worker is given time to answer all it was sent: other calls are served after it.
  for (let i = 0; i < 5; i++) await encodeAll(tokenizer, [[query, query]]);
  expect(value!.first).toBe(0);
  expect(asked.length).toBeLessThanOrEqual(80);
  expect(asked).toEqual(asked.map((_, i) => i));
  await call.return!();
  const before = asked.length;
  for (let i = 0; i < 5; i++) await encodeAll(tokenizer, [[query, query]]);
  expect(asked.length).toBe(before);
  expect(await call.next()).toEqual({ done: true, value: undefined });
});

it('serves small calls, and the event loop, while hostile text is being encoded', async () => {
  const hostile = ['\u0301', '\u200b', 'x', '\u{20000}'].map((char) => char.repeat(500_000));
  let finished = false;
  const job = encodeAll(
    tokenizer,
    Array.from({ length: 40 }, (_, i) => [query, hostile[i % hostile.length]!]),
  ).finally(() => (finished = true));
  for (let i = 0; i < 10; i++) {
    expect(await encodeAll(tokenizer, [[query, document(i)]])).toHaveLength(1);
    expect(finished).toBe(false);
  }
  expect(await job).toHaveLength(40);
});

it('serves pulls that do not wait for each other, in order', async () => {
  const call = tokenizer.encode(documents(100), defaults);
  const pulls = Array.from({ length: 12 }, () => call.next());
  const results = await Promise.all(pulls);
  const slices = results.filter(({ done }) => !done).map(({ value }) => value as EncodedSlice);
  expect(unpack(slices)).toEqual(
    await encodeAll(
      tokenizer,
      Array.from({ length: 100 }, (_, i) => [query, document(i)]),
    ),
  );
  expect(results.at(-1)).toEqual({ done: true, value: undefined });
});

it('ends a call with the reason of its signal, and no other call', async () => {
  const early = AbortSignal.abort(new Error('before it began'));
  await expect(encodeAll(tokenizer, [[query, query]], { signal: early })).rejects.toThrow('before it began');

  const controller = new AbortController();
  const other = encodeAll(
    tokenizer,
    Array.from({ length: 300 }, (_, i) => [query, document(i)]),
  );
  const call = tokenizer.encode(documents(100_000), { ...defaults, signal: controller.signal });
  await call.next();
  const [pending, next] = [call.next(), call.next()];
  controller.abort(new Error('enough'));
  await expect(pending).rejects.toThrow('enough');
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await other).toHaveLength(300);
});

it('rejects the pull after an abort if none was waiting', async () => {
  const controller = new AbortController();
  const call = tokenizer.encode(documents(100_000), { ...defaults, signal: controller.signal });
  await call.next();
  controller.abort(new Error('enough'));
  await expect(call.next()).rejects.toThrow('enough');
  expect(await call.next()).toEqual({ done: true, value: undefined });
});

it('passes on what the source throws', async () => {
  const source: PairSource = {
    ...documents(100),
    document(index) {
      if (index === 50) throw new TypeError('no text here');
      return document(index);
    },
  };
  const call = tokenizer.encode(source, defaults);
  await expect(
    (async () => {
      for await (const _ of call);
    })(),
  ).rejects.toThrow(new TypeError('no text here'));
});

it('rejects what is open when it is closed, and what comes after, but not the calls of others', async () => {
  const own = await Tokenizer.load(starterFiles);
  const started = own.encode(documents(100_000), defaults);
  await started.next();
  const pending = started.next();
  const unstarted = own.encode(documents(1), defaults);
  const other = encodeAll(tokenizer, [[query, query]]);
  own.close();
  own.close();
  await expect(pending).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await expect(unstarted.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await expect(own.encode(documents(1), defaults).next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  expect(await other).toHaveLength(1);
});
