import { Character } from './characters.js';
import { WordPieceEncoding } from './wordpiece-encoding.js';
import { Words } from './words.js';

/**
 * The fast path with the place of each word: the same tokens by a plainer loop, so that texts whose words need no place
 * pay nothing. A word ends where the next thing that is not removed begins, so marks and joiners stay with it. No
 * character becomes part of two words.
 */
export class LocatedWordPieceEncoding extends WordPieceEncoding {
  readonly words = new Words();
  /** Where in the whole text what is being taken begins, and where the word so far began. */
  #place = 0;
  #wordStart = 0;

  override start(keep: number, enough: number): void {
    super.start(keep, enough);
    this.words.clear();
  }

  override step(): boolean {
    const more = super.step();
    if (this.ended) this.words.close(this.received);
    return more;
  }

  protected override take(from: number, end: number): number {
    const base = this.base;
    let i = from;
    while (i < end && this.count < this.enough) {
      const codePoint = this.text.codePointAt(i)!;
      const character = this.characters.of(codePoint);
      if (character === Character.removed || character === Character.surrogate) {
        i++;
        continue;
      }
      this.#arrive(base + i);
      if (character === Character.addedToken) {
        i += this.takeAddedToken(i);
      } else {
        this.takeCharacter(character, codePoint);
        i += codePoint > 0xffff ? 2 : 1;
      }
    }
    this.#place = base + i;
    return i;
  }

  #arrive(place: number): void {
    this.words.close(place);
    this.#place = place;
    if (this.length === 0) this.#wordStart = place;
  }

  protected override emitWord(id: number): void {
    this.words.open(this.count, this.#place);
    super.emitWord(id);
  }

  protected override endWord(length: number): void {
    if (length === 0) return;
    this.words.add(this.count, this.#wordStart, this.#place);
    super.endWord(length);
  }
}
