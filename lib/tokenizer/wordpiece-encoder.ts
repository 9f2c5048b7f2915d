import { Character, CharacterTable, type ReferenceWords } from './characters.js';
import { LocatedWordPieceEncoding } from './located-wordpiece.js';
import type { LocatedEncoding, TextEncoder, TextEncoding } from './text-encoding.js';
import { WordPieceEncoding, type WordPieceVocabulary } from './wordpiece-encoding.js';

/**
 * The fast path: BERT normalisation, word splitting and WordPiece in one pass over the text, with flat state.
 */
export class WordPieceEncoder implements TextEncoder {
  readonly path = 'fast';
  readonly #characters: CharacterTable;
  readonly #vocabulary: WordPieceVocabulary;

  constructor(vocabulary: WordPieceVocabulary, reference: ReferenceWords) {
    this.#characters = new CharacterTable(reference);
    // The longest first, since the longest match at a position wins.
    const addedTokens = [...vocabulary.addedTokens].sort((a, b) => b.content.length - a.content.length);
    this.#vocabulary = { ...vocabulary, addedTokens };
    for (let unit = 0; unit < 128; unit++) this.#characters.of(unit);
    for (const { content } of addedTokens)
      this.#characters.units[content.charCodeAt(0)] = Character.addedToken;
  }

  createEncoding(): TextEncoding {
    return new WordPieceEncoding(this.#characters, this.#vocabulary);
  }

  createLocatedEncoding(): LocatedEncoding {
    return new LocatedWordPieceEncoding(this.#characters, this.#vocabulary);
  }
}
