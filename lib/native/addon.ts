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
  /** Form of attention on a GPU. Default `auto`: all that fit the model are tried at load, and the fastest is taken. */
  attention?: 'auto' | AttentionForm;
}

/**
 * Three exact ways to one result. `plain` is MLX's own choice; `padded` and `paired` bring heads of 32 to its fused
 * kernels, which start at 64.
 */
export type AttentionForm = 'plain' | 'padded' | 'paired';

/** A GPU, as MLX describes it. */
export interface NativeGpu {
  name: string;
  architecture: string;
  memoryBytes: number;
}

/** What became of one form of attention: its greatest distance from the golden logits and its time, or why it may not be used. */
export type FormTrial = { name: AttentionForm } & ({ maxError: number; ms: number } | { failure: string });

/** What running a model on the GPU was found to be like. Times are medians for 32 pairs as long as those of MS MARCO. */
export interface GpuTrial {
  dtype: string;
  /** Most that `maxError` may be. */
  tolerance: number;
  /** Of the CPU encoder. */
  cpuMs: number;
  forms: FormTrial[];
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
  /** Batches worth sending before the first is back: 2 with the CPU encoder, whose threads go on to the
   * second while the first ends; 1 with MLX on a CPU; on a GPU one runs, one waits, one is confirmed. */
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
  /**
   * Resolves to logits, row-major, sequences x labels. Never blocks the calling thread. `onUnderWay` is called once, when
   * nothing of the batch waits any more; on a device that cannot tell, when it was submitted; at the latest just before the
   * promise settles; not at all for a batch that is refused at once.
   */
  score(batch: PackedBatch, onUnderWay?: () => void): Promise<Float32Array>;
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
  /** The GPU that MLX sees; `null` when there is none, or no MLX. */
  gpu(): Promise<NativeGpu | null>;
  /** Runs a model on the GPU in every form of attention, beside the CPU encoder, and keeps nothing. A GPU can hang or crash. */
  tryGpu(folder: string, options: NativeLoadOptions): Promise<GpuTrial>;
  /** Why this process does not load models on its GPU any more: it hung, or failed too often. `null` while all is well. */
  deviceFault(): string | null;
}
