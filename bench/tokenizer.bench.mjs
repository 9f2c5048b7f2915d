// node bench/tokenizer.bench.mjs [MODEL_FOLDER] [PASSAGES.txt]
// Tokenization alone: load time, speed against @huggingface/tokenizers, and what hostile text does to the caller's
// event loop and to another caller. Passages are the lines of a file, else one English sentence over and over.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { Tokenizer } from '../dist/tokenizer/tokenizer.js';

const folder = process.argv[2] ?? fileURLToPath(new URL('../models/starter', import.meta.url));
const tokenizerJson = join(folder, 'tokenizer.json');
const options = { maxLength: 512, truncation: 'longest-first', typeVocabSize: 2 };
const query = 'how do volcanoes form?';
const rounds = 7;
const megabyte = 2 ** 20;

const started = performance.now();
const tokenizer = await Tokenizer.load({ tokenizerJson });
console.log(`load, thread included: ${ms(performance.now() - started)}; path ${tokenizer.path}`);

const passages = readPassages(process.argv[3]);
const average = passages.reduce((sum, text) => sum + text.length, 0) / passages.length;
console.log(`${passages.length} passages of ${Math.round(average)} characters, best of ${rounds} rounds`);
const library = new Library(JSON.parse(readFileSync(tokenizerJson, 'utf8')), {});
const few = passages.slice(0, 400);
const libraryMs = await best(() =>
  few.forEach((text) => library.encode(text, { add_special_tokens: false })),
);
console.log(`library, on the main thread: ${perSecond(few, libraryMs)}`);
console.log(`tokenizer, in its thread: ${perSecond(passages, await best(() => encode(passages)))}`);

console.log(
  '\n1,000 documents of which 100 have 1 MB, beside a caller that encodes 5 documents over and over',
);
await measure('nothing at all', []);
const hostile = {
  English: (i) => `${i} the quick brown fox jumps over the lazy dog `.repeat(megabyte / 46),
  'no spaces': (i) => `${i}x`.padEnd(megabyte, 'abcdefgh'),
  'combining marks': (i) => `${i}a`.padEnd(megabyte, '\u0301\u0327\u0323'),
  'zero width': (i) => `${i}a`.padEnd(megabyte, '\u200b'),
  Chinese: (i) => `${i}`.padEnd(megabyte, '火山の形成についての説明'),
  '100-letter words': (i) => Array.from({ length: megabyte / 101 }, (_, k) => word(i + k)).join(' '),
};
for (const [name, make] of Object.entries(hostile)) {
  // As they come from a request: V8 would first have to join the pieces of a string that was just put together.
  const received = JSON.stringify(
    Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? make(i) : passages[i % passages.length])),
  );
  const documents = JSON.parse(received);
  await measure(name, documents);
}

async function measure(name, documents) {
  await sleep(200);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  let busy = true;
  const job = (documents.length > 0 ? encode(documents) : sleep(1000)).finally(() => (busy = false));
  const waits = [];
  while (busy) {
    const asked = performance.now();
    await encode(passages.slice(0, 5));
    waits.push(performance.now() - asked);
    await sleep(2);
  }
  await job;
  delay.disable();
  const columns = [
    name.padEnd(18),
    `${ms(performance.now() - start)} in all`,
    `loop delay max ${ms(delay.max / 1e6)}, p99 ${ms(delay.percentile(99) / 1e6)}`,
    `5-document call max ${ms(Math.max(...waits))} of ${waits.length}`,
  ];
  console.log(columns.join('; '));
}

async function encode(documents) {
  const source = { count: documents.length, query: () => query, document: (index) => documents[index] };
  for await (const _ of tokenizer.encode(source, options));
}

async function best(run) {
  let fastest = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

function readPassages(file) {
  if (file === undefined) {
    return Array.from({ length: 4000 }, (_, i) =>
      `${i}: volcanoes form where magma reaches the surface, `.repeat(9),
    );
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.length > 200).slice(0, 4000);
}

function word(seed) {
  let [state, text] = [seed + 1, ''];
  while (text.length < 100) {
    state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff;
    text += 'abcdefghijklmnopqrstuvwxyzäöüéñ'[state % 31];
  }
  return text;
}

function perSecond(documents, elapsed) {
  return `${Math.round(documents.length / (elapsed / 1000)).toLocaleString('en')} documents/s`;
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}
