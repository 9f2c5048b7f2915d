import path from 'node:path';
import { existsSync } from 'node:fs';
import { Tokenizer } from '../../dist/tokenizer/tokenizer.js';
import { mean, percentile } from '../statistics.mjs';
import { paddingShare, sortedIn } from './padding.mjs';

const SAMPLE = 2000; // pairs
const SORTED_WINDOW = 256;
const EDGES = [0, 16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 384, 513];

/** How long a dataset's pairs are, in tokens of the model in `folder`, cut as the model cuts them. */
export async function measureLengths(pairs, folder, maxLength) {
  const config = path.join(folder, 'tokenizer_config.json');
  const tokenizer = await Tokenizer.load({
    tokenizerJson: path.join(folder, 'tokenizer.json'),
    tokenizerConfig: existsSync(config) ? config : undefined,
  });
  const step = Math.max(1, pairs.length / SAMPLE);
  const sample = Array.from({ length: Math.min(SAMPLE, pairs.length) }, (_, i) => pairs[Math.floor(i * step)]);
  const source = { count: sample.length, query: (i) => sample[i][0], document: (i) => sample[i][1] };
  const lengths = [];
  let truncated = 0;
  for await (const slice of tokenizer.encode(source, {
    maxLength,
    truncation: 'longest-first',
    typeVocabSize: 2,
  })) {
    lengths.push(...slice.lengths);
    truncated += slice.truncated.reduce((count, cut) => count + cut, 0);
  }
  tokenizer.close();
  const at = (percent) => Math.round(percentile(lengths, percent));
  return {
    pairs: lengths.length,
    mean: mean(lengths),
    p5: at(5),
    p25: at(25),
    p50: at(50),
    p75: at(75),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    max: at(100),
    truncatedShare: truncated / lengths.length,
    histogram: EDGES.slice(0, -1).map((from, i) => ({
      from,
      to: EDGES[i + 1],
      pairs: lengths.filter((length) => length >= from && length < EDGES[i + 1]).length,
    })),
    longer: lengths.filter((length) => length >= EDGES.at(-1)).length,
    padding: [8, 32, 64, 128, 256].map((batch) => ({
      batch,
      arrivalOrder: paddingShare(lengths, batch),
      sorted: paddingShare(sortedIn(lengths, SORTED_WINDOW), batch),
    })),
  };
}
