import { Tokenizer } from '@huggingface/tokenizers';
import type { ReferenceWords } from './characters.js';
import { type LocatedEncoding, type TextEncoder, TextEncoding } from './text-encoding.js';
import type { TokenizerJson } from './tokenizer-json.js';
import { Words } from './words.js';

const pieceUnits = 1024;
const loneSurrogate = /\p{Surrogate}/gu;
const space = /[ \t\n\r]/g;
const notSpace = /[^ \t\n\r]/g;
const hasWhitespace = /\s/;

/** CJK outside the BMP as the Rust tokenizer pads it, its gap at U+2B820 to U+2B91F included. */
const supplementaryCjk = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * The library, made to agree with Hugging Face's Rust tokenizers: what every model can be encoded with, and
 * what the fast path takes its facts from.
 */
export class ReferenceEncoder implements TextEncoder, ReferenceWords {
  readonly path = 'reference';
  readonly #library: Tokenizer;
  readonly #finalSigma: boolean;
  readonly #padCjk: boolean;
  /** Whether texts may be encoded piecewise, cut at spaces. */
  readonly #divisible: boolean;

  constructor(json: TokenizerJson) {
    this.#library = new Tokenizer(json, {});
    const bert = json.normalizer?.type === 'BertNormalizer';
    this.#finalSigma = bert && json.normalizer?.lowercase === true;
    this.#padCjk = bert && json.normalizer?.handle_chinese_chars === true;
    this.#divisible =
      bert &&
      json.pre_tokenizer?.type === 'BertPreTokenizer' &&
      json.added_tokens.every(
        (token) => !token.lstrip && !token.rstrip && !hasWhitespace.test(token.content),
      );
  }

  createEncoding(): TextEncoding {
    return new ReferenceEncoding(this, this.#divisible);
  }

  createLocatedEncoding(): LocatedEncoding | undefined {
    return this.#divisible ? new LocatedReferenceEncoding(this) : undefined;
  }

  /** Token ids of a whole text, without special tokens. */
  encode(text: string): number[] {
    return this.#library.encode(this.#prepare(text), { add_special_tokens: false }).ids;
  }

  normalize(text: string): string {
    return this.#library.normalizer?.normalize(this.#prepare(text)) ?? text;
  }

  split(normalized: string): string[] {
    return this.#library.pre_tokenizer?.pre_tokenize(normalized) ?? [normalized];
  }

  #prepare(text: string): string {
    let prepared = text.replace(loneSurrogate, '\ufffd');
    // JavaScript lower-cases a sigma that ends a word to ς, Rust always to σ.
    if (this.#finalSigma) prepared = prepared.replaceAll('Σ', 'σ');
    // The library pads CJK by UTF-16 unit and so misses what lies outside the BMP.
    if (this.#padCjk) prepared = prepared.replace(supplementaryCjk, ' $& ');
    return prepared;
  }
}

/** A text in pieces where it can be cut at spaces, else all at once. */
class ReferenceEncoding extends TextEncoding {
  readonly #encoder: ReferenceEncoder;
  readonly #divisible: boolean;

  constructor(encoder: ReferenceEncoder, divisible: boolean) {
    super();
    this.#encoder = encoder;
    this.#divisible = divisible;
  }

  override step(): boolean {
    if (this.done) return false;
    const end = this.#pieceEnd();
    if (end < 0) return false;
    for (const id of this.#encoder.encode(this.text.slice(this.position, end))) this.emit(id);
    this.position = end;
    this.ended = this.complete && end === this.text.length;
    return !this.done;
  }

  /** Where the next piece ends, or -1 if only text to come can tell. */
  #pieceEnd(): number {
    if (this.#divisible) {
      space.lastIndex = this.position + pieceUnits;
      const match = space.exec(this.text);
      if (match) return match.index;
    }
    return this.complete ? this.text.length : -1;
  }
}

/** A text word by word, which here is what stands between spaces: the library does not say where a token is. */
class LocatedReferenceEncoding extends TextEncoding {
  readonly words = new Words();
  readonly #encoder: ReferenceEncoder;

  constructor(encoder: ReferenceEncoder) {
    super();
    this.#encoder = encoder;
  }

  override start(keep: number, enough: number): void {
    super.start(keep, enough);
    this.words.clear();
  }

  override step(): boolean {
    if (this.done) return false;
    const until = this.position + pieceUnits;
    while (!this.done && this.position < until) {
      const start = find(notSpace, this.text, this.position);
      const end = find(space, this.text, start);
      if (end === this.text.length && !this.complete) {
        this.position = start;
        return false;
      }
      this.#take(start, end);
      this.position = end;
      this.ended = this.complete && end === this.text.length;
    }
    return !this.done;
  }

  #take(start: number, end: number): void {
    const ids = this.#encoder.encode(this.text.slice(start, end));
    if (ids.length > 0) this.words.add(this.count, this.base + start, this.base + end);
    for (const id of ids) this.emit(id);
  }
}

/** Where from a position on the pattern is found first, or the end of the text. */
function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}
