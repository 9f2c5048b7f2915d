import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type DeviceChoice,
  type LoadOptions,
  type LongDocuments,
  type PathChoice,
  Reranker,
  type ScoreOptions,
  type Truncation,
} from '../index.js';
import type { OutputFormat } from './output.js';
import { loadProgress } from './progress.js';
import type { InputFormat } from './sources.js';

export interface ModelArguments {
  model?: string;
  device?: DeviceChoice;
  path?: PathChoice;
  dtype?: LoadOptions['dtype'];
  threads?: number;
  maxLength?: number;
  label?: number;
  revision?: string;
  cacheDir?: string;
  offline?: boolean;
}

export interface InputArguments {
  inputFormat?: InputFormat;
  textField: string;
  strict?: boolean;
}

export interface ScoringArguments extends ModelArguments, InputArguments {
  output?: OutputFormat;
  truncation?: Truncation;
  longDocuments?: LongDocuments;
  chunkTokens?: number;
  chunkOverlap?: number;
  minScore?: number;
}

/** Options of every command that loads a model. */
export function modelOptions(command: Command): Command {
  return command
    .addOption(new Option('-m, --model <name>', 'hub id, folder, or starter (default: the MiniLM-L6 of MS MARCO)'))
    .addOption(new Option('--device <device>', 'where to run').choices(['auto', 'gpu', 'cpu']))
    .addOption(new Option('--path <path>', 'what computes').choices(['auto', 'mlx', 'cpu']))
    .addOption(new Option('--dtype <type>', 'precision').choices(['auto', 'float32', 'float16', 'bfloat16', 'int8']))
    .addOption(new Option('--threads <count>', 'threads of the CPU encoder').argParser(whole))
    .addOption(new Option('--max-length <tokens>', 'most tokens of a pair').argParser(whole))
    .addOption(new Option('--label <number>', 'label that is the relevance, for models with several').argParser(whole))
    .addOption(new Option('--revision <name>', 'branch, tag or commit of a hub model'))
    .addOption(new Option('--cache-dir <folder>', 'hub cache to use'))
    .addOption(new Option('--offline', 'never reach for the network'));
}

/** Options of the commands that read documents and write scores. */
export function scoringOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-i, --input-format <format>', 'of the input (default: by file name, else text)')
        .choices(['text', 'paragraphs', 'jsonl', 'csv', 'tsv']),
    )
    .addOption(new Option('--text-field <name>', 'field or column of the text').default('text'))
    .addOption(
      new Option('-o, --output <format>', 'table on a terminal, else tsv').choices(['table', 'json', 'jsonl', 'tsv']),
    )
    .addOption(new Option('--min-score <score>', 'leave out what scores lower, 0 to 1').argParser(finite))
    .addOption(
      new Option('--truncation <way>', 'of pairs over the maximal length')
        .choices(['longest-first', 'document-only', 'error']),
    )
    .addOption(
      new Option('--long-documents <way>', 'cut off, or scored in chunks by the best').choices(['truncate', 'chunk']),
    )
    .addOption(new Option('--chunk-tokens <count>', 'most tokens of a chunk (default: all that fit)').argParser(whole))
    .addOption(
      new Option('--chunk-overlap <count>', 'tokens that chunks share, up to half of one (default: 64)').argParser(whole),
    )
    .addOption(new Option('--strict', 'stop at the first line that cannot be read'));
}

/** What the options of a command come to for each of its calls. */
export function callOptions({ truncation, longDocuments, chunkTokens, chunkOverlap }: ScoringArguments): ScoreOptions {
  return { truncation, longDocuments, chunkTokens, chunkOverlap };
}

/** Loads the model of a command, with a bar where that takes a while. */
export async function loadReranker(args: ModelArguments, signal?: AbortSignal): Promise<Reranker> {
  const { model, device, path, dtype, threads, maxLength, label, revision, cacheDir, offline } = args;
  const { onProgress, stop } = loadProgress();
  try {
    return await Reranker.load(model, {
      device, path, dtype, threads, maxLength, label, revision, cacheDir, localFilesOnly: offline, signal, onProgress,
    });
  } finally {
    stop();
  }
}

export function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of 0 or more.');
}

export function countOrAll(text: string): number {
  return text === 'all' ? Infinity : whole(text);
}

function finite(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}
