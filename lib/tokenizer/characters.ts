/**
 * What a code point becomes in a word. Positive: a letter, as the code point it is normalised to. Below
 * `alone`: a word of its own, as minus its code point. Else one of these.
 */
export const enum Character {
  unasked = 0,
  removed = -1,
  space = -2,
  /** Half of a surrogate pair: the code point decides. */
  surrogate = -3,
  /** Normalised to several code points. */
  several = -4,
  /** An added token may start here. */
  addedToken = -5,
  alone = -32,
}

/** How the reference normalises a text and cuts it into words. */
export interface ReferenceWords {
  normalize(text: string): string;
  split(normalized: string): string[];
}

/**
 * What the reference does to each code point, asked once and remembered. BERT normalisation treats code
 * points one by one but for the order of some combining marks, so the table says all there is to know about a
 * text.
 */
export class CharacterTable {
  /** By UTF-16 code unit. */
  readonly units = new Int32Array(0x10000).fill(Character.surrogate, 0xd800, 0xe000);
  readonly #several = new Map<number, Int32Array>();
  readonly #supplementary = new Map<number, number>();
  readonly #reference: ReferenceWords;

  constructor(reference: ReferenceWords) {
    this.#reference = reference;
  }

  /** What a code point becomes: a word of its own, `several`, or any other `Character` but `unasked`. */
  of(codePoint: number): number {
    const known = codePoint > 0xffff ? this.#supplementary.get(codePoint) : this.units[codePoint];
    if (known !== undefined && known !== Character.unasked) return known;
    const characters = this.#ask(codePoint);
    let character = characters[0] ?? Character.removed;
    if (characters.length > 1) {
      character = Character.several;
      this.#several.set(codePoint, Int32Array.from(characters));
    }
    if (codePoint > 0xffff) this.#supplementary.set(codePoint, character);
    else this.units[codePoint] = character;
    return character;
  }

  /** What a code point that is `several` becomes, in order. */
  several(codePoint: number): Int32Array {
    return this.#several.get(codePoint)!;
  }

  #ask(codePoint: number): number[] {
    const characters: number[] = [];
    for (const char of this.#reference.normalize(String.fromCodePoint(codePoint))) {
      const words = this.#reference.split(`a${char}a`);
      const normalized = char.codePointAt(0)!;
      if (words.length === 1) characters.push(normalized);
      else characters.push(words.length === 2 ? Character.space : -normalized);
    }
    // A letter between two spaces, which is what CJK becomes, is a word of its own.
    const [before, letter, after] = characters;
    const spaced = characters.length === 3 && before === Character.space && after === Character.space;
    return spaced && letter! > 0 ? [-letter!] : characters;
  }
}
