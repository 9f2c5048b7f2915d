import type { BatchingOptions } from './batching/options.js';
import type { NativeMemory } from './native/addon.js';
import type { StatsSnapshot } from './stats.js';

/** Where a model may run. `auto` takes a usable GPU, else the CPU; `gpu` fails with `ERR_DEVICE` without one. */
export type DeviceChoice = 'auto' | 'gpu' | 'cpu';

/** What computes: `mlx` is Apple MLX (on its CPU device too), `cpu` the package's own CPU encoder. */
export type PathChoice = 'auto' | 'mlx' | 'cpu';

/**
 * Precision of weights and matrix products. `auto` is float16 on a GPU and float32 on a CPU. float16 needs the
 * `mlx` path, int8 the `cpu` path: weights in 8 bits, and activations in 8, or in 16 where the CPU multiplies no 8-bit
 * numbers (AVX2, AVX-512 without VNNI).
 */
export type Dtype = 'float32' | 'float16' | 'bfloat16' | 'int8';

/** `sigmoid` makes `score` 0 to 1, `identity` leaves it the raw logit. The order is the same. */
export type Activation = 'sigmoid' | 'identity';

/**
 * What happens to a pair of more than `maxLength` tokens: `longest-first` cuts the longer text, as Hugging Face
 * does; `document-only` leaves the query whole; `error` rejects the call with `ERR_INPUT_TOO_LONG`. With
 * `longDocuments: 'chunk'` it is about the query alone: `longest-first` cuts one that would leave the document less than
 * half, the others reject one that would leave it nothing.
 */
export type Truncation = 'longest-first' | 'document-only' | 'error';

/**
 * What happens to a document that does not fit beside its query: `truncate` scores its beginning, `chunk` scores it
 * chunk by chunk and takes the best.
 */
export type LongDocuments = 'truncate' | 'chunk';

/** What becomes of long documents; of `load` for every call that does not say otherwise. */
export interface ChunkingOptions {
  /** Default `truncate`. */
  longDocuments?: LongDocuments;
  /**
   * Most tokens of a chunk, 1 or more; documents with more are cut, between words. Default and upper bound: what the
   * query and the special tokens leave of `maxLength`.
   */
  chunkTokens?: number;
  /**
   * Most tokens that a chunk repeats of the one before it, in whole words: 0 to half of `chunkTokens`. Default 64, or
   * half a chunk where that is less.
   */
  chunkOverlap?: number;
}

/** Part of a text, in UTF-16 code units as JavaScript counts them: `text.slice(start, end)`. */
export interface Span {
  start: number;
  end: number;
}

/** How far a model has come. */
export interface LoadProgress {
  /** `download` from the hub, then `read`, in which weights are read and hashed. */
  phase: 'download' | 'read';
  /** The file being worked on. */
  file: string;
  /** Bytes so far: of all files of the download together, or of the file being read. */
  loaded: number;
  /** Bytes in all. */
  total: number;
  /** Of a download, once it can be told: the rate of the last seconds. */
  bytesPerSecond?: number;
  /** Of a download, once it can be told. */
  secondsLeft?: number;
}

/** Options of `Reranker.load`. Those of batching are documented in {@link BatchingOptions}. */
export interface LoadOptions extends BatchingOptions, ChunkingOptions {
  /** Default `auto`. */
  device?: DeviceChoice;
  /** Default `auto`. `info()` says which path was taken and why. */
  path?: PathChoice;
  /** Default `auto`. */
  dtype?: 'auto' | Dtype;
  /** Threads of the CPU encoder. Default: the cores this process may use. */
  threads?: number;
  /**
   * Most tokens of a pair, the three special tokens included. Default: what the model and its tokenizer allow, as
   * `info().limits.maxLength` says; more is `ERR_INVALID_ARGUMENT`.
   */
  maxLength?: number;
  /** Column of the logits that is the relevance. Required when the model has more than one label. */
  label?: number;
  /** Branch, tag or commit of a hub model. Default `main`. */
  revision?: string;
  /** Hub cache folder. Default: what `cacheFolder()` gives. */
  cacheDir?: string;
  /** Never reach for the network; so does the environment variable `HF_HUB_OFFLINE=1`. Default false. */
  localFilesOnly?: boolean;
  /** Gives up loading; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called while a model is downloaded and while its weights are read. */
  onProgress?: (progress: LoadProgress) => void;
}

/** Options of `pull`. */
export type PullOptions = Pick<LoadOptions, 'revision' | 'cacheDir' | 'signal' | 'onProgress'>;

/** A model in the cache. */
export interface PulledModel {
  model: string;
  /** Commit. */
  revision: string;
  /** Absolute path of the model's files. */
  folder: string;
  /** The files this package needs; `size` in bytes. */
  files: { name: string; size: number; downloaded: boolean }[];
}

/** What `checkScores` found. */
export interface ScoreCheck {
  model: string;
  /** `skipped` when nothing is published about the model. */
  status: 'passed' | 'failed' | 'skipped';
  /** SHA-256 of the weights against the published one; `unknown` when none is published for this revision. */
  weights: 'match' | 'differ' | 'unknown';
  /** Pairs compared. */
  pairs: number;
  /** Greatest distance of a logit to the published one. */
  maxError?: number;
  /** Most that `maxError` may be, by dtype. */
  tolerance?: number;
  /** Who published the logits. */
  source?: string;
}

/** Options that every scoring call takes. */
export interface ScoreOptions extends ChunkingOptions {
  /** Default `sigmoid`. */
  activation?: Activation;
  /** Default `longest-first`. */
  truncation?: Truncation;
  /** Share of the device relative to other calls. Default 1. */
  weight?: number;
  /** Calls with the same key have one share of the device between them. Default: each call has its own. */
  fairnessKey?: unknown;
  /** Milliseconds after which the call rejects with `ERR_TIMEOUT`. Default: none. */
  timeoutMs?: number;
  /** Takes the call's pairs off the queue; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Name of the field that holds a document's text, or a function that returns it. Default: the `text` field. */
export type TextOf<T> = (keyof T & string) | ((document: T) => string);

/** Options of `scoreStream`. */
export interface StreamOptions<T> extends ScoreOptions {
  /** How to get the text of a document. Strings are their own text unless this is a function. */
  text?: TextOf<T>;
}

/** Options of `rank`. */
export interface RankOptions<T> extends StreamOptions<T> {
  /** Most results to return, 0 or more. Default: all. */
  topN?: number;
  /** Results with a lower `score` are left out, before `topN` counts. Default: none. */
  minScore?: number;
  /** Whether results carry their `document`. Default true. */
  returnDocuments?: boolean;
  /**
   * Milliseconds after which `rank` returns what is scored by then, each result marked `partial: true`. If nothing
   * is, it rejects with `ERR_TIMEOUT`. A document in chunks is scored when all of them are. Default: none.
   */
  deadlineMs?: number;
}

/** One scored document. */
export interface Scored {
  /** Position of the document in the input. */
  index: number;
  /** sigmoid(logit), 0 to 1, or the logit with `activation: 'identity'`. Not a calibrated probability. */
  score: number;
  /** The model's raw output. Order and ties are decided on it. */
  logit: number;
  /** Present and true when the pair had more than `maxLength` tokens and was cut. */
  truncated?: true;
  /**
   * With `longDocuments: 'chunk'`: the part of the document's text that earned the score, from its first word to its
   * last. Of a document that fits, all its words.
   */
  span?: Span;
}

/** One result of `scoreStream`. */
export interface StreamResult<T> extends Scored {
  /** The document as it was given (`===`). */
  document: T;
}

/** One result of `rank`. */
export interface RankResult<T> extends StreamResult<T> {
  /** Present and true on every result of a call that `deadlineMs` ended before all documents were scored. */
  partial?: true;
}

/** Options of `close`. */
export interface CloseOptions {
  /** Finish what is queued first. Default false: queued calls reject with `ERR_CLOSED`. */
  drain?: boolean;
}

/** The truth about a loaded reranker. */
export interface RerankerInfo {
  /** As asked for: a hub id, `starter` or the folder. */
  model: string;
  /** Commit of a hub model. */
  revision?: string;
  /** Absolute path of the model's files. */
  folder: string;
  /** SHA-256 of the weights, hex: of model.safetensors, or of all its shards one after another. */
  sha256: string;
  device: 'gpu' | 'cpu';
  /** As the system names it. */
  deviceName: string;
  dtype: Dtype;
  /** What computes. */
  path: 'mlx' | 'mlx+metal-kernels' | 'cpu';
  /** Why this path was taken. */
  reason: string;
  /** Instruction set of the CPU encoder, `none` on other paths. */
  instructionSet: string;
  /** Threads of the CPU encoder, 1 on other paths. */
  threads: number;
  /** `fast` is the package's own WordPiece encoder, `reference` is @huggingface/tokenizers. */
  tokenizer: 'fast' | 'reference';
  versions: { package: string; node: string; /** `null` in an addon without MLX. */ mlx: string | null };
  limits: {
    /** Most tokens of a pair, special tokens included. */
    maxLength: number;
  } & Required<Pick<BatchingOptions, 'maxBatchTokens' | 'maxBatchSize' | 'maxQueueSize' | 'maxInFlight'>>;
}

/** What `stats` returns: a plain snapshot. */
export interface RerankerStats extends StatsSnapshot {
  /** Bytes of native memory. */
  memory: NativeMemory;
}
