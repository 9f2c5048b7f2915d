import type { Words } from './words.js';

/** How many words from the first on have no more than so many tokens; `tokens` is how many the words have in all. */
export function wordsThatFit(words: Words, tokens: number, capacity: number): number {
  let count = 0;
  while (count < words.count && endOf(words, count, tokens) <= capacity) count++;
  return count;
}

/**
 * The word with which the chunk after the first `count` words begins: it repeats as many whole words as `overlap` tokens
 * hold, but never the first one, and never so many that the next word would not fit.
 */
export function nextStart(words: Words, tokens: number, count: number, capacity: number, overlap: number): number {
  const end = words.tokens[count]!;
  const next = endOf(words, count, tokens);
  let start = count;
  while (start > 1) {
    const from = words.tokens[start - 1]!;
    if (end - from > overlap || next - from > capacity) break;
    start--;
  }
  return start;
}

/** Index behind a word's last token. */
function endOf(words: Words, word: number, tokens: number): number {
  return words.tokens[word + 1] ?? tokens;
}
