import * as v from 'valibot';
import { type BatchingOptions, resolveBatching } from '../batching/options.js';
import type { LoadOptions, PullOptions } from '../types.js';
import { checkOptions, option } from './check.js';
import { chunkingEntries, resolveChunking } from './chunking.js';

const text = (expected: string) => option(v.pipe(v.string(), v.nonEmpty()), expected);
const whole = (least: number, expected: string) =>
  option(v.pipe(v.number(), v.safeInteger(), v.minValue(least)), expected);

/** Two special tokens after the query's [CLS] and at least one token of text. */
const shortestPair = 4;

const batching = {
  targetBatchMs: v.optional(v.unknown()),
  maxBatchTokens: v.optional(v.unknown()),
  maxBatchSize: v.optional(v.unknown()),
  maxQueueDelayMs: v.optional(v.unknown()),
  maxQueueSize: v.optional(v.unknown()),
  maxInFlight: v.optional(v.unknown()),
  scheduling: v.optional(v.unknown()),
  cacheSize: v.optional(v.unknown()),
} satisfies Record<keyof BatchingOptions, unknown>;

const pullEntries = {
  revision: option(v.pipe(v.string(), v.regex(/^\w[\w./-]*$/), v.excludes('..')), 'a branch, tag or commit'),
  cacheDir: text('the path of a folder'),
  signal: option(v.instance(AbortSignal), 'an AbortSignal'),
  onProgress: option(v.function(), 'a function'),
};

const pullSchema = v.strictObject(pullEntries);

const loadSchema = v.strictObject({
  device: option(v.picklist(['auto', 'gpu', 'cpu']), "'auto', 'gpu' or 'cpu'"),
  path: option(v.picklist(['auto', 'mlx', 'cpu']), "'auto', 'mlx' or 'cpu'"),
  dtype: option(
    v.picklist(['auto', 'float32', 'float16', 'bfloat16', 'int8']),
    "'auto', 'float32', 'float16', 'bfloat16' or 'int8'",
  ),
  threads: whole(1, 'a whole number of 1 or more'),
  maxLength: whole(shortestPair, `a whole number of ${shortestPair} or more`),
  label: whole(0, 'a whole number of 0 or more'),
  localFilesOnly: option(v.boolean(), 'true or false'),
  ...pullEntries,
  ...chunkingEntries,
  ...batching,
});

export function checkLoadOptions(options: unknown): LoadOptions {
  const checked = checkOptions(loadSchema, options) as LoadOptions;
  // The values of batching options are checked by their owner; on which device matters to defaults alone.
  resolveBatching(checked, { device: 'cpu', path: 'cpu', threads: 1, lengthMultiple: 1, maxInFlight: 1 });
  // As a call that asks for chunks would find them.
  resolveChunking({ longDocuments: 'chunk' }, checked);
  return checked;
}

export function checkPullOptions(options: unknown): PullOptions {
  return checkOptions(pullSchema, options) as PullOptions;
}
