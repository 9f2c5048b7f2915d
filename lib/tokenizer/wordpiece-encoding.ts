import { Character, type CharacterTable } from './characters.js';
import { TextEncoding } from './text-encoding.js';
import type { TokenTrie } from './token-trie.js';

/** Short even where each character is new to the character table. */
const stepUnits = 1024;

export interface WordPieceVocabulary {
  trie: TokenTrie;
  unknownId: number;
  /** Words of more code points are unknown. */
  maxWordLength: number;
  /** Tokens found in the text as it is, before any normalisation. */
  addedTokens: readonly { content: string; id: number }[];
}

/** One text on the fast path. */
export class WordPieceEncoding extends TextEncoding {
  protected readonly characters: CharacterTable;
  /** Code points of the word so far; beyond the vocabulary's maximum they are counted, not kept. */
  protected length = 0;
  readonly #vocabulary: WordPieceVocabulary;
  readonly #word: Int32Array;
  /** Units that need the ones after them in sight: a surrogate pair or an added token may start there. */
  readonly #lookahead: number;

  constructor(characters: CharacterTable, vocabulary: WordPieceVocabulary) {
    super();
    this.characters = characters;
    this.#vocabulary = vocabulary;
    this.#word = new Int32Array(vocabulary.maxWordLength);
    this.#lookahead = Math.max(2, vocabulary.addedTokens[0]?.content.length ?? 0) - 1;
  }

  override start(keep: number, enough: number): void {
    super.start(keep, enough);
    this.length = 0;
  }

  override step(): boolean {
    const readable = this.complete ? this.text.length : this.text.length - this.#lookahead;
    const end = Math.min(readable, this.position + stepUnits);
    if (this.done || (this.position >= end && !this.complete)) return false;
    this.position = this.take(this.position, end);
    if (this.complete && this.position >= this.text.length && !this.done) {
      this.endWord(this.length);
      this.length = 0;
      this.ended = true;
    }
    return !this.done;
  }

  /** Takes the text from a position up to `end`, or until there are enough tokens; returns where it got to. */
  protected take(from: number, end: number): number {
    const text = this.text;
    const units = this.characters.units;
    const word = this.#word;
    let i = from;
    while (i < end && this.count < this.enough) {
      // Nearly all is letters, spaces and punctuation: the speed of the whole depends on this loop.
      let length = this.length;
      let character = 0;
      for (; i < end && this.count < this.enough; i++) {
        character = units[text.charCodeAt(i)]!;
        if (character > 0) {
          if (length < word.length) word[length] = character;
          length++;
        } else if (character === Character.space || character <= Character.alone) {
          this.endWord(length);
          length = 0;
          if (character !== Character.space) this.#emitAlone(-character);
        } else if (character !== Character.removed) {
          break;
        }
      }
      this.length = length;
      if (i < end && this.count < this.enough) i += this.#takeOther(character, i);
    }
    return i;
  }

  /** Takes what starts at a position and is no plain letter; returns its length in units. */
  #takeOther(character: number, position: number): number {
    if (character === Character.addedToken) return this.takeAddedToken(position);
    if (character === Character.surrogate) {
      const codePoint = this.text.codePointAt(position)!;
      // Half a pair alone stands for U+FFFD, which is removed.
      if (codePoint > 0xffff) this.takeCharacter(this.characters.of(codePoint), codePoint);
      return codePoint > 0xffff ? 2 : 1;
    }
    const unit = this.text.charCodeAt(position);
    this.takeCharacter(character === Character.unasked ? this.characters.of(unit) : character, unit);
    return 1;
  }

  protected takeAddedToken(position: number): number {
    this.#takeSpace();
    for (const { content, id } of this.#vocabulary.addedTokens) {
      if (this.text.startsWith(content, position)) {
        this.emitWord(id);
        return content.length;
      }
    }
    this.#emitAlone(this.text.charCodeAt(position));
    return 1;
  }

  protected takeCharacter(character: number, codePoint: number): void {
    if (character > 0) {
      if (this.length < this.#word.length) this.#word[this.length] = character;
      this.length++;
    } else if (character === Character.space) {
      this.#takeSpace();
    } else if (character <= Character.alone) {
      this.#takeSpace();
      this.#emitAlone(-character);
    } else if (character === Character.several) {
      for (const part of this.characters.several(codePoint)) this.takeCharacter(part, codePoint);
    }
  }

  #takeSpace(): void {
    this.endWord(this.length);
    this.length = 0;
  }

  #emitAlone(codePoint: number): void {
    const id = this.#vocabulary.trie.single(codePoint);
    this.emitWord(id < 0 ? this.#vocabulary.unknownId : id);
  }

  /** A word of one token, known by what it is: a character that stands alone, or an added token. */
  protected emitWord(id: number): void {
    this.emit(id);
  }

  /** The word so far, of this many code points, is complete. */
  protected endWord(length: number): void {
    if (length === 0) return;
    const { trie, unknownId } = this.#vocabulary;
    let count = 0;
    if (length <= this.#word.length) {
      const at = this.room(length);
      count = trie.split(this.#word, length, this.ids, at);
    }
    if (count > 0) this.count += count;
    else this.emit(unknownId);
  }
}
