import * as v from 'valibot';
import { checkCallOptions } from '../batching/options.js';
import type { CloseOptions, RankOptions, ScoreOptions, StreamOptions } from '../types.js';
import { checkOptions, option } from './check.js';
import { chunkingEntries } from './chunking.js';

/** An option that only the queue knows the range of; `checkCallOptions` is its check. */
const ofQueue = v.optional(v.unknown());

const scoreEntries = {
  activation: option(v.picklist(['sigmoid', 'identity']), "'sigmoid' or 'identity'"),
  truncation: option(
    v.picklist(['longest-first', 'document-only', 'error']),
    "'longest-first', 'document-only' or 'error'",
  ),
  ...chunkingEntries,
  weight: ofQueue,
  fairnessKey: ofQueue,
  timeoutMs: ofQueue,
  signal: ofQueue,
};

const streamEntries = {
  ...scoreEntries,
  text: option(v.union([v.string(), v.function()]), 'the name of a field or a function'),
};

const rankEntries = {
  ...streamEntries,
  topN: option(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 'a whole number of 0 or more'),
  minScore: option(v.pipe(v.number(), v.finite()), 'a finite number'),
  returnDocuments: option(v.boolean(), 'true or false'),
  deadlineMs: ofQueue,
};

const scoreSchema = v.strictObject(scoreEntries);
const streamSchema = v.strictObject(streamEntries);
const rankSchema = v.strictObject(rankEntries);
const closeSchema = v.strictObject({ drain: option(v.boolean(), 'true or false') });

export function checkScoreOptions(options: unknown): ScoreOptions {
  return checkedByQueue(checkOptions(scoreSchema, options) as ScoreOptions);
}

export function checkStreamOptions<T>(options: unknown): StreamOptions<T> {
  return checkedByQueue(checkOptions(streamSchema, options) as StreamOptions<T>);
}

export function checkRankOptions<T>(options: unknown): RankOptions<T> {
  return checkedByQueue(checkOptions(rankSchema, options) as RankOptions<T>);
}

export function checkCloseOptions(options: unknown): CloseOptions {
  return checkOptions(closeSchema, options);
}

function checkedByQueue<TOptions extends ScoreOptions>(options: TOptions): TOptions {
  checkCallOptions({ ...options, onLogits() {} });
  return options;
}
