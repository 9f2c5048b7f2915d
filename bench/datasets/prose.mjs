import { readFileSync } from 'node:fs';

const lines = (file) =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');

/**
 * The English prose this repository carries: written for training the starter model, each topic with questions,
 * passages that answer them, and passages that only share words with them.
 */
export function readTopics() {
  return lines('models/train/written.jsonl').map((line) => {
    const { question, positive, candidates } = JSON.parse(line);
    return { questions: question, answers: positive, others: candidates };
  });
}

export const countWords = (text) => text.split(/\s+/).length;

/** Passages joined and cut to exactly this many words. */
export function passageOf(words, nextPassage) {
  const text = [];
  while (text.length < words) text.push(...nextPassage().split(/\s+/));
  return text.slice(0, words).join(' ');
}
