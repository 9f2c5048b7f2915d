const wordStart = 1;
const continuation = 2;
const entrySize = 4;

/**
 * A WordPiece vocabulary as a trie over code points. Its edges lie in one open-addressed table, an entry
 * being [node, code point, child, token id or -1]; child 0 marks a free entry.
 */
export class TokenTrie {
  #table = new Int32Array(entrySize << 17);
  #shift = 32 - 17;
  #edges = 0;

  /** Adds a token; `continues` for one that continues a word, given without its prefix. */
  add(token: string, id: number, continues: boolean): void {
    let node = continues ? continuation : wordStart;
    let entry = -1;
    for (let i = 0; i < token.length; i++) {
      const codePoint = token.codePointAt(i)!;
      if (codePoint > 0xffff) i++;
      entry = this.#add(node, codePoint);
      node = this.#table[entry + 2]!;
    }
    if (entry >= 0) this.#table[entry + 3] = id;
  }

  /** Id of the word that is this one code point, or -1. */
  single(codePoint: number): number {
    const entry = this.#find(wordStart, codePoint);
    return this.#table[entry + 2] === 0 ? -1 : this.#table[entry + 3]!;
  }

  /**
   * Writes the tokens of a word to `ids`, greedily the longest first, and returns how many; 0 if it has none.
   */
  split(word: Int32Array, length: number, ids: Int32Array, at: number): number {
    const table = this.#table;
    let count = 0;
    let start = 0;
    while (start < length) {
      let node = start === 0 ? wordStart : continuation;
      let id = -1;
      let end = start;
      for (let i = start; i < length; i++) {
        const entry = this.#find(node, word[i]!);
        node = table[entry + 2]!;
        if (node === 0) break;
        if (table[entry + 3]! >= 0) {
          id = table[entry + 3]!;
          end = i + 1;
        }
      }
      if (id < 0) return 0;
      ids[at + count++] = id;
      start = end;
    }
    return count;
  }

  /** Where this edge is, or where it would go. */
  #find(node: number, codePoint: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let entry =
      ((Math.imul(node, 0x9e3779b1) ^ Math.imul(codePoint, 0x85ebca6b)) >>> this.#shift) * entrySize;
    while (table[entry + 2] !== 0 && (table[entry] !== node || table[entry + 1] !== codePoint)) {
      entry = (entry + entrySize) & mask;
    }
    return entry;
  }

  #add(node: number, codePoint: number): number {
    const entry = this.#find(node, codePoint);
    if (this.#table[entry + 2] !== 0) return entry;
    if (2 * entrySize * this.#edges >= this.#table.length) {
      this.#grow();
      return this.#add(node, codePoint);
    }
    this.#edges++;
    this.#table[entry] = node;
    this.#table[entry + 1] = codePoint;
    this.#table[entry + 2] = continuation + this.#edges;
    this.#table[entry + 3] = -1;
    return entry;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(2 * old.length);
    this.#shift--;
    for (let i = 0; i < old.length; i += entrySize) {
      if (old[i + 2] !== 0) this.#table.set(old.subarray(i, i + entrySize), this.#find(old[i]!, old[i + 1]!));
    }
  }
}
