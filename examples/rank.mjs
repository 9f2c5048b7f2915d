// Ranks passages for a question: npm start -- "my question" passages.txt
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Reranker } from 'mlx-rerank';

const usage = `Usage: npm start -- [question] [file] [--model name] [--top-n count]

question   what the passages are ranked for
file       one passage a line, or paragraphs with blank lines between them; - reads them from stdin
--model    a hub id, a folder, or starter (default)
--top-n    how many passages to show (default 10)`;

const defaultQuestion = 'how do volcanoes form?';
const defaultFile = fileURLToPath(new URL('passages.txt', import.meta.url));

// `npm start | head` closes the pipe early; that is no error.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'starter' },
      'top-n': { type: 'string', default: '10' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(usage);
  const [question = defaultQuestion, file = defaultFile] = positionals;
  const passages = splitPassages(file === '-' ? await text(process.stdin) : await readFile(asTyped(file), 'utf8'));
  if (passages.length === 0) throw new Error(`No passages in ${file}.\n\n${usage}`);
  const shown = Number(values['top-n']);
  if (!Number.isInteger(shown) || shown < 1) throw new Error(`--top-n: expected a count, received ${values['top-n']}.`);

  const reranker = await Reranker.load(/^\.\.?\//.test(values.model) ? asTyped(values.model) : values.model);
  const start = performance.now();
  const results = await reranker.rank(question, passages);
  const seconds = (performance.now() - start) / 1000;

  console.log(`\n${question}\n`);
  console.log(table(results.slice(0, shown), process.stdout.columns ?? 100));
  console.log(summary(reranker.info(), results, seconds));
  await reranker.close();
}

/** Paths as the user's shell meant them: npm runs this in the folder of the package. */
function asTyped(path) {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

function splitPassages(input) {
  const separator = /\S\s*\n[^\S\n]*\n\s*\S/.test(input) ? /\n(?:[^\S\n]*\n)+/ : /\n/;
  return input
    .split(separator)
    .map((passage) => passage.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .filter(Boolean);
}

function table(results, columns) {
  const width = Math.max(40, Math.min(columns, 120)) - 16;
  const rows = results.map(({ score, document }, i) => {
    const lines = wrap(document, width, 2);
    return `${String(i + 1).padStart(4)}  ${score.toFixed(4)}  ${lines.join(`\n${' '.repeat(14)}`)}`;
  });
  return ['rank   score  passage', ...rows, ''].join('\n');
}

/** The first lines of a text; what does not fit becomes an ellipsis. */
function wrap(passage, width, most) {
  const lines = [''];
  for (const word of passage.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${width}}`, 'gu')))) {
    const line = lines.at(-1);
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else if (lines.length < most) lines.push(word);
    else return [...lines.slice(0, -1), `${line.slice(0, width - 1)}…`];
  }
  return lines;
}

function summary(info, results, seconds) {
  const pairsPerSecond = Math.round(results.length / seconds);
  const how = [info.deviceName, `path ${info.path}`, info.dtype, info.path === 'cpu' && `threads: ${info.threads}`];
  const lines = [
    `Model ${info.model} on ${info.device} (${how.filter(Boolean).join(', ')}): ` +
      `${results.length} pairs in ${Math.ceil(seconds * 1000)} ms, ${pairsPerSecond} pairs/s.`,
  ];
  const cut = results.filter((result) => result.truncated).length;
  if (cut > 0) {
    lines.push(`${cut} of the pairs had more than ${info.limits.maxLength} tokens; their end was not read.`);
  }
  if (info.model === 'starter') {
    lines.push('The starter model is for a first look; cross-encoder/ms-marco-MiniLM-L6-v2, the default, is stronger.');
  }
  return lines.join('\n');
}
