import * as v from 'valibot';
import type { Chunking } from '../tokenizer/types.js';
import type { ChunkingOptions } from '../types.js';
import { invalid, option } from './check.js';

const defaultOverlap = 64;

export const chunkingEntries = {
  longDocuments: option(v.picklist(['truncate', 'chunk']), "'truncate' or 'chunk'"),
  chunkTokens: option(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 'a whole number of 1 or more'),
  chunkOverlap: option(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 'a whole number of 0 or more'),
};

/**
 * How a call has its documents cut, from its own options and those of `load`; undefined where they are truncated.
 * @throws RerankerError `ERR_INVALID_ARGUMENT` for an overlap over half a chunk, or options of chunks without chunks.
 */
export function resolveChunking(options: ChunkingOptions, defaults: ChunkingOptions = {}): Chunking | undefined {
  const { longDocuments, chunkTokens, chunkOverlap } = { ...defaults, ...defined(options) };
  if (longDocuments !== 'chunk') {
    for (const name of ['chunkTokens', 'chunkOverlap'] as const) {
      if (options[name] === undefined) continue;
      throw invalid(`options.${name}`, "nothing without longDocuments 'chunk'", options[name]);
    }
    return undefined;
  }
  const half = chunkTokens === undefined ? Infinity : Math.floor(chunkTokens / 2);
  if (chunkOverlap !== undefined && chunkOverlap > half) {
    throw invalid('options.chunkOverlap', `at most ${half}, half of chunkTokens ${chunkTokens}`, chunkOverlap);
  }
  return { tokens: chunkTokens ?? Infinity, overlap: chunkOverlap ?? Math.min(defaultOverlap, half) };
}

function defined(options: ChunkingOptions): ChunkingOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
