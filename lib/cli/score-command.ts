import type { Reranker } from '../index.js';
import { pairOf, textOf } from './fields.js';
import { Input, type InputItem } from './input.js';
import type { Interrupt } from './interrupt.js';
import { callOptions, loadReranker, type ScoringArguments } from './options.js';
import { defaultFormat, type OutputRow, RowWriter } from './output.js';
import { findSources } from './sources.js';

export interface ScoreArguments extends ScoringArguments {
  query?: string;
  queryField: string;
}

type Pair = [query: string, text: string];
type Item = InputItem<Pair>;

/** Pairs of one call, and calls in flight: enough for full batches, few enough that memory stays flat. */
const callPairs = 128;
const mostCalls = 8;

/** Scores pairs in input order, written as they are done. */
export async function scoreCommand(files: string[], args: ScoreArguments, interrupt: Interrupt): Promise<void> {
  const { query, queryField, textField } = args;
  const sources = await findSources(files, args.inputFormat);
  const input = new Input<Pair>(sources, args, interrupt, (record) =>
    query === undefined ? pairOf(record, queryField, textField) : [query, textOf(record, textField)],
  );
  const reranker = await loadReranker(args, interrupt.signal);
  const writer = new RowWriter(args.output ?? defaultFormat());
  try {
    await scoreAll(reranker, input, writer, args, interrupt.signal);
  } finally {
    input.end(reranker.stats().counters.truncated, reranker.info().limits.maxLength);
    await reranker.close();
  }
  await writer.end();
}

async function scoreAll(
  reranker: Reranker,
  input: Input<Pair>,
  writer: RowWriter,
  args: ScoreArguments,
  signal: AbortSignal,
): Promise<void> {
  const calls: Promise<OutputRow[]>[] = [];
  let scored = 0;
  const writeNext = async () => {
    const rows = await calls.shift()!;
    scored += rows.length;
    await writer.write(rows.filter(({ score }) => score >= (args.minScore ?? -Infinity)));
    input.showProgress(scored);
  };
  try {
    let index = 0;
    for await (const items of slices(input.items(), callPairs)) {
      const call = scoreSlice(reranker, items, index, input.severalFiles, args, signal);
      call.catch(() => {}); // awaited in its turn
      calls.push(call);
      index += items.length;
      if (calls.length === mostCalls) await writeNext();
    }
    while (calls.length > 0) await writeNext();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function scoreSlice(
  reranker: Reranker,
  items: Item[],
  first: number,
  severalFiles: boolean,
  args: ScoreArguments,
  signal: AbortSignal,
): Promise<OutputRow[]> {
  const { query: shared } = args;
  const options = { ...callOptions(args), activation: 'identity', signal } as const;
  const logits = await reranker.score(items.map(({ content }) => content), options);
  return items.map(({ file, line, value, content: [query, text] }, i) => ({
    index: first + i,
    line,
    ...(severalFiles && { file }),
    score: 1 / (1 + Math.exp(-logits[i]!)),
    logit: logits[i]!,
    ...(shared === undefined && { query }),
    text,
    document: typeof value === 'string' ? text : value,
  }));
}

async function* slices<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let slice: T[] = [];
  for await (const item of items) {
    slice.push(item);
    if (slice.length < size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
