import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  EncodedSlice,
  EncodingOptions,
  PairSource,
  Tokenizer,
  TokenizerFiles,
} from '../../../lib/tokenizer/tokenizer.js';
import type { TokenizerJson } from '../../../lib/tokenizer/tokenizer-json.js';

const folder = join(import.meta.dirname, '../../../models/starter');

/** The tokenizer of the starter model: BERT uncased. */
export const starterFiles: TokenizerFiles = {
  tokenizerJson: join(folder, 'tokenizer.json'),
  tokenizerConfig: join(folder, 'tokenizer_config.json'),
};

export function starterJson(): TokenizerJson {
  return JSON.parse(readFileSync(starterFiles.tokenizerJson, 'utf8')) as TokenizerJson;
}

/** A tokenizer.json of any content, and a tokenizer_config.json if there is one, in a folder of their own. */
export function writeFiles(tokenizerJson: unknown, tokenizerConfig?: unknown): TokenizerFiles {
  const target = mkdtempSync(join(tmpdir(), 'mlx-rerank-tokenizer-'));
  const write = (name: string, content: unknown) => {
    const file = join(target, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const files: TokenizerFiles = { tokenizerJson: write('tokenizer.json', tokenizerJson) };
  if (tokenizerConfig !== undefined) files.tokenizerConfig = write('tokenizer_config.json', tokenizerConfig);
  return files;
}

/** The starter's tokenizer, changed. */
export function variant(change: (json: TokenizerJson) => void): TokenizerFiles {
  const json = starterJson();
  change(json);
  return writeFiles(json);
}

/** The same tokens as the starter's, by a file that the fast path does not take. */
export function referenceOnly(): TokenizerFiles {
  return variant((json) => {
    json.added_tokens.push({ id: 30522, content: 'ÿ-in-no-text', normalized: false });
  });
}

export const defaults: EncodingOptions = { maxLength: 512, truncation: 'longest-first', typeVocabSize: 2 };

export interface EncodedPair {
  ids: number[];
  types: number[];
  truncated: boolean;
}

export function sourceOf(pairs: readonly (readonly [string, string])[]): PairSource {
  return { count: pairs.length, query: (index) => pairs[index]![0], document: (index) => pairs[index]![1] };
}

/** The pairs of some slices, by input index. */
export function unpack(slices: readonly EncodedSlice[]): EncodedPair[] {
  const pairs: EncodedPair[] = [];
  for (const { first, inputIds, tokenTypeIds, lengths, truncated } of slices) {
    let start = 0;
    lengths.forEach((length, i) => {
      const ids = [...inputIds.subarray(start, start + length)];
      const types = [...tokenTypeIds.subarray(start, start + length)];
      pairs[first + i] = { ids, types, truncated: truncated[i] === 1 };
      start += length;
    });
  }
  return pairs;
}

export async function encodeAll(
  tokenizer: Tokenizer,
  pairs: readonly (readonly [string, string])[],
  options: Partial<EncodingOptions> = {},
): Promise<EncodedPair[]> {
  const slices: EncodedSlice[] = [];
  for await (const slice of tokenizer.encode(sourceOf(pairs), { ...defaults, ...options }))
    slices.push(slice);
  return unpack(slices);
}
