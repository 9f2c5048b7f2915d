/** The words at the front of what is left of a text: with which token and where each begins, and where it ends. */
export class Words {
  /** Index of a word's first token. */
  readonly tokens: number[] = [];
  /** Position in the whole text, in UTF-16 code units. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  #open = false;

  get count(): number {
    return this.starts.length;
  }

  clear(): void {
    this.tokens.length = this.starts.length = this.ends.length = 0;
    this.#open = false;
  }

  add(token: number, start: number, end: number): void {
    this.tokens.push(token);
    this.starts.push(start);
    this.ends.push(end);
  }

  /** Adds a word that ends where the next thing in the text begins. */
  open(token: number, start: number): void {
    this.add(token, start, start);
    this.#open = true;
  }

  close(end: number): void {
    if (!this.#open) return;
    this.ends[this.count - 1] = end;
    this.#open = false;
  }

  /** Forgets the first words, and that many tokens; a word that loses only some of its tokens stays. */
  drop(words: number, tokens: number): void {
    this.tokens.splice(0, words);
    this.starts.splice(0, words);
    this.ends.splice(0, words);
    for (let word = 0; word < this.tokens.length; word++) this.tokens[word] = Math.max(0, this.tokens[word]! - tokens);
  }
}
