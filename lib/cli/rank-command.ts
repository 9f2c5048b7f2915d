import type { Reranker, Span } from '../index.js';
import { textOf } from './fields.js';
import { Input, type InputItem } from './input.js';
import type { Interrupt } from './interrupt.js';
import { callOptions, loadReranker, type ScoringArguments } from './options.js';
import { defaultFormat, RowWriter } from './output.js';
import { findSources } from './sources.js';
import { TopResults } from './top-results.js';

export interface RankArguments extends ScoringArguments {
  topN: number;
}

interface Result {
  index: number;
  score: number;
  logit: number;
  truncated?: true;
  span?: Span;
  document: InputItem<string>;
}

/** Ranks the documents of files, or of standard input, holding on to the best alone. */
export async function rankCommand(query: string, files: string[], args: RankArguments, interrupt: Interrupt) {
  const sources = await findSources(files, args.inputFormat);
  const input = new Input(sources, args, interrupt, (record) => textOf(record, args.textField));
  const reranker = await loadReranker(args, interrupt.signal);
  const best = new TopResults<Result>(args.topN);
  try {
    await scoreAll(reranker, query, input, best, args, interrupt);
  } finally {
    input.end(reranker.stats().counters.truncated, reranker.info().limits.maxLength);
    await reranker.close();
  }
  const writer = new RowWriter(args.output ?? defaultFormat());
  const ranked = best.sorted();
  for (const [i, { document, ...scores }] of ranked.entries()) {
    const { file, line, value, content } = document;
    const named = input.severalFiles ? { file } : {};
    await writer.write([{ rank: i + 1, line, ...named, ...scores, text: content, document: value }]);
  }
  await writer.end();
}

async function scoreAll(
  reranker: Reranker,
  query: string,
  input: Input<string>,
  best: TopResults<Result>,
  args: RankArguments,
  { signal }: Interrupt,
): Promise<void> {
  const { minScore = -Infinity } = args;
  let scored = 0;
  try {
    const text = (item: InputItem<string>) => item.content;
    for await (const result of reranker.scoreStream(query, input.items(), { ...callOptions(args), text, signal })) {
      if (result.score >= minScore) best.add(result);
      input.showProgress(++scored);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
