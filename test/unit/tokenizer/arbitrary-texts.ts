import fc from 'fast-check';
import { expect } from 'vitest';
import type { TextEncoding } from '../../../lib/tokenizer/text-encoding.js';

/** Pieces that each need something: cases, marks, scripts, removed characters. */
export const pieces = [
  "the|Reranking|ab| |  |\n|\t|.|n't|#|##ing|2,048|ﬁ|½|“|”|—|€|™|։|؟|、|\u2e43",
  'É|e\u0301|\u0301|\u0301\u0327|Ång|İ|ı|ß|ẞ|Σ|ΟΔΟΣ|ς|Ж|ё|й|مرحبا|שָׁלוֹם|हिन्दी|ไทย|👍🏽|👩‍🚀|𝒜',
  '火山|\u{20000}|\u{2b820}|\u{2f800}|豈|한국|ひらがな|ﾊﾟ|\u302e|\u302f|\u{1d165}\u{1d16d}|\u{e000}|\u{10ffff}',
  '\0|\u0007|\u007f|\u0085|\u00a0|\u00ad|\u200b|\u200d|\u2028|\u3000|\ufeff|\ufffd|\ud800|\udc00|\udbff',
  'x'.repeat(99),
].flatMap((line) => line.split('|'));
export const addedTokens = ['[SEP]', '[CLS]', '[MASK]', '[UNK]', '[PAD]', '[SEP', 'SEP]', '[', '[[', ']', '[mask]'];

export const ascii = fc.string({ unit: 'binary-ascii', maxLength: 80 });
export const unicode = fc.string({ unit: 'binary', maxLength: 40 });
export const joined = (from: string[]) =>
  fc.array(fc.constantFrom(...from), { maxLength: 40 }).map((parts) => parts.join(''));
export const anyText = fc.oneof(ascii, unicode, joined(pieces), joined([...pieces, ...addedTokens]));
/** Long enough that every encoding has to take it in steps. */
export const longText = fc
  .tuple(anyText, fc.integer({ min: 1, max: 150 }))
  .map(([text, times]) => text.repeat(times));

/** Where a text is cut into the parts that an encoding is given. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });

/** Encodes a text that is given in parts, all of it. */
export function inParts(encoding: TextEncoding, text: string, places: number[]): void {
  encoding.start(text.length * 4, Infinity);
  const ends = [...places.map((place) => Math.round(place * text.length)).sort((a, b) => a - b), text.length];
  let start = 0;
  ends.forEach((end, i) => {
    encoding.append(text.slice(start, end), i === ends.length - 1);
    while (encoding.step());
    start = end;
  });
  expect(encoding.done).toBe(true);
}
