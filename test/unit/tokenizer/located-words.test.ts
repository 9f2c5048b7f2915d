import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPairEncoder } from '../../../lib/tokenizer/pair-encoder.js';
import { ReferenceEncoder } from '../../../lib/tokenizer/reference-encoder.js';
import type { LocatedEncoding } from '../../../lib/tokenizer/text-encoding.js';
import { addedTokens, anyText, cuts, inParts, joined, longText, pieces } from './arbitrary-texts.js';
import { starterJson } from './starter.js';

interface Goldens {
  /** Words of the Rust tokenizer: where each starts and ends, units dropped after it, and its tokens. */
  texts: { text: string; words: [start: number, end: number, dropped: number, tokens: number][] }[];
}

const goldensFile = join(import.meta.dirname, '../../goldens/tokenizer-offsets.json');
const goldens = JSON.parse(readFileSync(goldensFile, 'utf8')) as Goldens;

/** A tokenizer like the starter's with other normalisation: the library, and the fast path's located encoding. */
function form(normalizer: object): [ReferenceEncoder, LocatedEncoding] {
  const json = starterJson();
  Object.assign(json.normalizer!, normalizer);
  const { encoder } = createPairEncoder(json);
  expect(encoder.path).toBe('fast');
  return [new ReferenceEncoder(json), encoder.createLocatedEncoding()!];
}

const [uncased, located] = form({});
const idsOf = (encoding: LocatedEncoding) => [...encoding.ids.subarray(0, encoding.count)];

function wordsOf({ words, count }: LocatedEncoding): [start: number, end: number, tokens: number][] {
  return words.starts.map((start, i) => [start, words.ends[i]!, (words.tokens[i + 1] ?? count) - words.tokens[i]!]);
}

it('finds every word where the Rust tokenizer finds it, with what is dropped after it', () => {
  for (const { text, words } of goldens.texts) {
    const expected = words.map(([start, end, dropped, tokens]) => [start, end + dropped, tokens]);
    for (const places of [[], [0.3, 0.5], [0.1, 0.4, 0.41, 0.9]]) {
      inParts(located, text, places);
      expect(wordsOf(located), JSON.stringify(text)).toEqual(expected);
    }
  }
  expect(goldens.texts.length).toBeGreaterThan(1500);
});

const plain = joined(pieces);
const withAddedTokens = fc.oneof(anyText, joined([...pieces, ...addedTokens]), longText);

describe.each<[string, ReferenceEncoder, LocatedEncoding, fc.Arbitrary<string>]>([
  ['fast path', uncased, located, withAddedTokens],
  ['fast path, accents kept', ...form({ strip_accents: false }), withAddedTokens],
  ['fast path, cased', ...form({ lowercase: false, strip_accents: true }), plain],
  ['fast path, CJK not spaced', ...form({ handle_chinese_chars: false }), withAddedTokens],
  ['reference', uncased, uncased.createLocatedEncoding()!, withAddedTokens],
])('the located encoding: %s', (_, reference, encoding, text) => {
  it('gives the tokens of the text, and words that tile them, each encoded as its slice of the text is', () => {
    fc.assert(
      fc.property(text, cuts, (text, places) => {
        inParts(encoding, text, places);
        const ids = idsOf(encoding);
        expect(ids).toEqual(reference.encode(text));
        const words = wordsOf(encoding);
        let [token, position] = [0, 0];
        for (const [start, end, tokens] of words) {
          expect(start).toBeGreaterThanOrEqual(position);
          expect(tokens).toBeGreaterThan(0);
          expect(reference.encode(text.slice(position, start))).toEqual([]);
          expect(reference.encode(text.slice(start, end))).toEqual(ids.slice(token, token + tokens));
          token += tokens;
          position = end;
        }
        expect(token).toBe(ids.length);
        expect(reference.encode(text.slice(position))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('reads on from where it had enough', () => {
    const whole = 'unaffable volcanoes, café! 火山 '.repeat(300);
    inParts(encoding, whole, []);
    const [ids, words] = [idsOf(encoding), wordsOf(encoding)];
    encoding.start(Infinity, 7);
    encoding.append(whole, true);
    const found: number[] = [];
    const places: [number, number, number][] = [];
    while (!encoding.ended) {
      while (encoding.step());
      // The last word may go on, so it stays.
      const { words, count } = encoding;
      const most = encoding.ended ? words.count : words.count - 1;
      if (most > 0) {
        const tokens = words.tokens[most] ?? count;
        places.push(...wordsOf(encoding).slice(0, most));
        found.push(...encoding.ids.subarray(0, tokens));
        encoding.drop(tokens);
        words.drop(most, tokens);
      }
      encoding.enough = encoding.count + 5;
    }
    expect(found).toEqual(ids);
    expect(places).toEqual(words);
  });
});
