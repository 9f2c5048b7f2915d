import type { PackedBatch } from '../batching/types.js';

/** How a model is asked for. Everything else (device found, path taken, why) is answered by {@link NativeInfo}. */
export interface NativeLoadOptions {
  /** `auto` takes a usable GPU, else the CPU; `gpu` fails with `ERR_DEVICE` when there is none. */
  device: 'auto' | 'gpu' | 'cpu';
  /** `mlx` forces MLX (on its CPU device too), `cpu` our own CPU encoder. */
  path: 'auto' | 'mlx' | 'cpu';
  dtype: 'auto' | 'float32' | 'float16' | 'bfloat16' | 'int8';
  /** Highest token id + 1 of the tokenizer: a tokenizer larger than the embedding table is refused at load. */
  tokenizerSize: number;
  /** CPU encoder threads; 0 means the cores this process may use. */
  threads?: number;
  /** MLX only: lengths are rounded up to this many tokens; 0 means 8 on a GPU and 1 on a CPU. */
  lengthMultiple?: number;
}

/** The truth about a loaded model. */
export interface NativeInfo {
  path: 'mlx' | 'mlx+metal-kernels' | 'cpu';
  /** Why this path was taken, in one sentence. */
  reason: string;
  device: 'gpu' | 'cpu';
  /** As the system names it, such as `Apple M3 Max` or the CPU model. */
  deviceName: string;
  dtype: 'float32' | 'float16' | 'bfloat16' | 'int8';
  /** Instruction set of the CPU encoder (`scalar`, `avx2`, ...); `none` on other paths. */
  instructionSet: string;
  /** Threads of the CPU encoder; 1 on other paths. */
  threads: number;
  lengthMultiple: number;
  /** Batches worth sending before the first is back: 1 on a CPU; on a GPU one runs, one waits, one is confirmed. */
  maxInFlight: number;
  labels: number;
  layers: number;
  hiddenSize: number;
  vocabSize: number;
  typeVocabSize: number;
  /** Most tokens of one sequence. */
  maxLength: number;
  /** Weights and working memory known at load, in bytes. */
  parameterBytes: number;
}

/** Bytes. `active` is in use now, `cache` is held for reuse, `peak` is the highest `active` so far. */
export interface NativeMemory {
  active: number;
  cache: number;
  peak: number;
}

export interface NativeModel {
  readonly info: NativeInfo;
  /** Resolves to logits, row-major, sequences x labels. Never blocks the calling thread. */
  score(batch: PackedBatch): Promise<Float32Array>;
  memory(): NativeMemory;
  /** Rejects what is queued with `ERR_CLOSED`; resolves when the running batch is done. Idempotent. */
  close(): Promise<void>;
}

export interface NativeAddon {
  /** Version of the package this addon was built from. */
  readonly version: string;
  /** Version of MLX, or `null` in the addon without it. */
  readonly mlxVersion: string | null;
  /** `folder` holds config.json and safetensors weights. Rejects with an `Error` that carries one of our codes. */
  load(folder: string, options: NativeLoadOptions): Promise<NativeModel>;
}
