import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPairEncoder } from '../../../lib/tokenizer/pair-encoder.js';
import { ReferenceEncoder } from '../../../lib/tokenizer/reference-encoder.js';
import type { TextEncoding } from '../../../lib/tokenizer/text-encoding.js';
import type { TokenizerJson } from '../../../lib/tokenizer/tokenizer-json.js';
import { anyText, ascii, cuts, inParts, joined, longText, pieces, unicode } from './arbitrary-texts.js';
import { starterJson } from './starter.js';

function encodeInParts(encoding: TextEncoding, text: string, places: number[]): number[] {
  inParts(encoding, text, places);
  return [...encoding.ids.subarray(0, encoding.count)];
}

function changed(change: (json: TokenizerJson) => void): TokenizerJson {
  const json = starterJson();
  change(json);
  return json;
}

const forms = {
  uncased: changed(() => {}),
  'uncased with accents': changed((json) => (json.normalizer!.strip_accents = false)),
  cased: changed((json) => (json.normalizer!.lowercase = false)),
  'cased without accents': changed((json) =>
    Object.assign(json.normalizer!, { lowercase: false, strip_accents: true }),
  ),
  'CJK not spaced': changed((json) => (json.normalizer!.handle_chinese_chars = false)),
  'short words': changed((json) => (json.model.max_input_chars_per_word = 5)),
  'added tokens that begin alike': changed((json) => {
    for (const [i, content] of ['[SEP]]', '[SE', '#1'].entries()) {
      json.added_tokens.push({ id: 30_522 + i, content, normalized: false });
    }
  }),
  'sparse vocabulary': changed(({ model }) => {
    const vocab = model.vocab as Record<string, number>;
    for (const token in vocab) if (vocab[token]! > 999 && vocab[token]! % 3 === 0) delete vocab[token];
  }),
};

describe.each(Object.entries(forms))('the fast path of a tokenizer: %s', (_, json) => {
  const reference = new ReferenceEncoder(json);
  const { encoder } = createPairEncoder(json);
  const fast = encoder.createEncoding();

  it('is there', () => expect(encoder.path).toBe('fast'));

  it('agrees with the reference on any text in any parts', () => {
    // In a cased tokenizer the library takes a text for an added token if removing characters makes it one.
    const text = json.normalizer!.lowercase ? anyText : fc.oneof(ascii, unicode, joined(pieces));
    fc.assert(
      fc.property(text, cuts, (text, places) => {
        expect(encodeInParts(fast, text, places)).toEqual(reference.encode(text));
      }),
      { numRuns: 300 },
    );
  });
});

const { uncased } = forms;
const reference = new ReferenceEncoder(uncased);
const fast = createPairEncoder(uncased).encoder.createEncoding();

it('agrees with the reference on long texts, whole and in parts, and so does the divided reference', () => {
  const divided = reference.createEncoding();
  fc.assert(
    fc.property(longText, cuts, (text, places) => {
      const whole = reference.encode(text);
      expect(encodeInParts(fast, text, places)).toEqual(whole);
      expect(encodeInParts(divided, text, places)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

it('agrees with the reference on every code point of the BMP and every ninth of the next two planes', () => {
  const wrong: string[] = [];
  for (let block = 0; block < 0x30000; block += block < 0x10000 ? 64 : 64 * 9) {
    const step = block < 0x10000 ? 1 : 9;
    const codePoints = Array.from({ length: 64 }, (_, i) => block + i * step);
    const text = codePoints.map((codePoint) => `a${String.fromCodePoint(codePoint)}b`).join(' ');
    if (encodeInParts(fast, text, []).join() !== reference.encode(text).join())
      wrong.push(block.toString(16));
  }
  expect(wrong).toEqual([]);
});

it('keeps the tokens asked for, counts on, and stops when it has enough', () => {
  for (const encoding of [fast, reference.createEncoding()]) {
    const text = 'unaffable '.repeat(5000);
    const perWord = reference.encode('unaffable').length;
    encoding.start(10, Infinity);
    encoding.append(text, true);
    while (encoding.step());
    expect(encoding.count).toBe(5000 * perWord);
    expect([...encoding.ids.subarray(0, 10)]).toEqual(reference.encode(text).slice(0, 10));

    encoding.start(10, 11);
    encoding.append(text, false);
    while (encoding.step());
    expect(encoding.done).toBe(true);
    expect(encoding.count).toBeLessThan(2000 * perWord);
  }
});

it('holds every word of a vocabulary that is larger than its first table', () => {
  const json = changed(({ model }) => {
    const vocab = model.vocab as Record<string, number>;
    for (let i = 0; i < 30_000; i++) vocab[`${i.toString(36)}zq${(i * 7919).toString(36)}`] = 31_000 + i;
  });
  const { encoder } = createPairEncoder(json);
  expect(encoder.path).toBe('fast');
  const encoding = encoder.createEncoding();
  const large = new ReferenceEncoder(json);
  const words = Object.keys(json.model.vocab).filter((_, i) => i % 20 === 0);
  expect(encodeInParts(encoding, words.join(' '), [])).toEqual(large.encode(words.join(' ')));
});

describe('the fast path is not taken', () => {
  it.each<[string, (json: TokenizerJson) => void]>([
    ['for text that is not cleaned', (json) => (json.normalizer!.clean_text = false)],
    ['for another normalizer', (json) => (json.normalizer = { type: 'Lowercase' })],
    ['for another pre-tokenizer', (json) => (json.pre_tokenizer = { type: 'WhitespaceSplit' })],
    ['for another prefix', (json) => (json.model.continuing_subword_prefix = '@@')],
    ['for an added token found after normalisation', (json) => (json.added_tokens[4]!.normalized = true)],
    ['for an added token that takes spaces along', (json) => (json.added_tokens[4]!.lstrip = true)],
    ['for an added token that starts with a letter', (json) => (json.added_tokens[4]!.content = 'mask')],
    ['for an added token with a space', (json) => (json.added_tokens[4]!.content = '<a b>')],
    ['for an added token under another id', (json) => (json.added_tokens[4]!.id = 7)],
    [
      'for a vocabulary with a mark that normalisation may move',
      (json) => Object.assign(json.model.vocab, { 'a\u302e': 30_522 }),
    ],
  ])('%s', (_, change) => {
    expect(createPairEncoder(changed(change)).encoder.path).toBe('reference');
  });
});
