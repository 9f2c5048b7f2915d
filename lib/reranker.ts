import { BatchQueue } from './batching/queue.js';
import { type BatchingSettings, resolveBatching } from './batching/options.js';
import { RerankerError } from './errors.js';
import type { OpenModel } from './model/open.js';
import { defaultModel } from './models.js';
import { NativeDevice } from './native/device.js';
import { packageVersion } from './package.js';
import { Pipeline } from './pipeline.js';
import { rankResults, scorer } from './ranking.js';
import { Stats } from './stats.js';
import { streamScores } from './stream.js';
import { mapInSlices } from './time-slice.js';
import type {
  CloseOptions,
  LoadOptions,
  RankOptions,
  RankResult,
  RerankerInfo,
  RerankerStats,
  ScoreOptions,
  StreamOptions,
  StreamResult,
  TextOf,
} from './types.js';
import { checkCloseOptions, checkRankOptions, checkScoreOptions, checkStreamOptions } from './validation/call-options.js';
import { checkPairs, checkQuery, checkStream, copyDocuments, copyPairs, textsOf } from './validation/inputs.js';
import { checkLoadOptions } from './validation/load-options.js';

/** Lengths, in tokens, of the batches that `warmup` runs. */
const warmupLengths = [16, 64, 256, Infinity];
const warmupPairs = 8;

// Node 20.0 to 20.3 have no such symbol; there the method has a name that nobody looks up.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');

/**
 * A cross-encoder in this process. Any number of calls may run at once; their pairs share batches. An idle reranker
 * does not keep the process alive.
 */
export class Reranker {
  readonly #model: OpenModel;
  readonly #device: NativeDevice;
  readonly #queue: BatchQueue;
  readonly #pipeline: Pipeline;
  readonly #stats: Stats;
  readonly #info: RerankerInfo;
  #closed = false;
  #released: Promise<void> | undefined;

  /**
   * Loads a model. A hub model that the cache does not hold is downloaded first.
   *
   * @param model A hub id `owner/name`; a folder in Hugging Face layout as `./…`, `../…`, absolute path or `file:`
   * URL; or `starter`, the small model of a clone or of `@mlx-rerank/starter`. Default `cross-encoder/ms-marco-MiniLM-L6-v2`.
   * @throws RerankerError `ERR_INVALID_ARGUMENT`, `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_UNSUPPORTED`,
   * `ERR_MODEL_CORRUPT`, `ERR_DOWNLOAD`, `ERR_NATIVE_LOAD`, `ERR_DEVICE` or `ERR_OUT_OF_MEMORY`; the reason of `signal`
   * if it aborts.
   */
  static async load(model: string | URL = defaultModel, options?: LoadOptions): Promise<Reranker> {
    const checked = checkLoadOptions(options);
    checked.signal?.throwIfAborted();
    const { openModel } = await import('./model/open.js'); // not before: it is a third of what importing would cost
    return new Reranker(await openModel(model, checked), checked);
  }

  private constructor(model: OpenModel, options: LoadOptions) {
    const { info } = model.native;
    const { longDocuments, chunkTokens, chunkOverlap } = options;
    const batching = resolveBatching(options, info);
    this.#model = model;
    this.#stats = new Stats();
    this.#device = new NativeDevice(model.native);
    this.#queue = new BatchQueue(this.#device, batching, this.#stats);
    this.#pipeline = new Pipeline({
      tokenizer: model.tokenizer,
      queue: this.#queue,
      stats: this.#stats,
      maxLength: model.maxLength,
      typeVocabSize: info.typeVocabSize,
      label: model.label,
      chunking: { longDocuments, chunkTokens, chunkOverlap },
    });
    this.#info = describe(model, batching);
  }

  /**
   * Sorts documents by their relevance to a query, best first, ties by lower index.
   *
   * @param documents Strings, objects with a `text` field, or anything that `options.text` gets the text of.
   * @throws RerankerError `ERR_INVALID_ARGUMENT` before anything is queued, naming the index; `ERR_INPUT_TOO_LONG`
   * with `truncation: 'error'`; `ERR_OVERLOADED`, `ERR_TIMEOUT`, `ERR_CLOSED`, `ERR_DEVICE`, `ERR_OUT_OF_MEMORY`; the
   * reason of `signal` if it aborts.
   */
  rank<T extends string | { text: string }>(
    query: string,
    documents: readonly T[],
    options?: RankOptions<T> & { returnDocuments?: true },
  ): Promise<RankResult<T>[]>;
  rank<T>(
    query: string,
    documents: readonly T[],
    options: RankOptions<T> & { text: TextOf<T>; returnDocuments?: true },
  ): Promise<RankResult<T>[]>;
  rank<T>(
    query: string,
    documents: readonly T[],
    options: RankOptions<T>,
  ): Promise<(Omit<RankResult<T>, 'document'> & { document?: T })[]>;
  async rank<T>(query: string, documents: readonly T[], options?: RankOptions<T>): Promise<RankResult<T>[]> {
    const start = performance.now();
    this.#checkOpen();
    const checked = checkRankOptions<T>(options);
    const checkedQuery = checkQuery(query);
    const copy = copyDocuments<T>(documents);
    const scored = await this.#pipeline.score(checked, async () => {
      const texts = await textsOf(copy, checked.text);
      return { count: texts.length, query: () => checkedQuery, document: (index) => texts[index]! };
    });
    const results = await rankResults(copy, scored, checked);
    this.#stats.recordCall(scored.stages, performance.now() - start);
    return results;
  }

  /**
   * Scores `[query, document]` pairs. Resolves to one score a pair, in input order, on the scale of `rank`.
   * @throws RerankerError as `rank` does.
   */
  async score(
    pairs: readonly (readonly [query: string, document: string])[],
    options?: ScoreOptions,
  ): Promise<number[]> {
    const start = performance.now();
    this.#checkOpen();
    const checked = checkScoreOptions(options);
    const copy = copyPairs(pairs);
    const { logits, stages } = await this.#pipeline.score(checked, async () => {
      const texts = await checkPairs(copy);
      return { count: texts.length, query: (index) => texts[index]![0], document: (index) => texts[index]![1] };
    });
    const toScore = scorer(checked.activation);
    const scores = await mapInSlices(logits.length, (index) => toScore(logits[index]!));
    this.#stats.recordCall(stages, performance.now() - start);
    return scores;
  }

  /**
   * Scores the documents of any iterable or async iterable, however long, in flat memory. Yields each result as its
   * batch finishes, so not in input order. Documents are checked as they are read; leaving the loop stops the work.
   * @throws RerankerError as `rank` does, from the iterator; an error of the iterable itself is passed on as it is.
   */
  scoreStream<T extends string | { text: string }>(
    query: string,
    documents: Iterable<T> | AsyncIterable<T>,
    options?: StreamOptions<T>,
  ): AsyncGenerator<StreamResult<T>, void, undefined>;
  scoreStream<T>(
    query: string,
    documents: Iterable<T> | AsyncIterable<T>,
    options: StreamOptions<T> & { text: TextOf<T> },
  ): AsyncGenerator<StreamResult<T>, void, undefined>;
  async *scoreStream<T>(
    query: string,
    documents: Iterable<T> | AsyncIterable<T>,
    options?: StreamOptions<T>,
  ): AsyncGenerator<StreamResult<T>, void, undefined> {
    this.#checkOpen();
    const checked = checkStreamOptions<T>(options);
    const checkedQuery = checkQuery(query);
    const source = checkStream<T>(documents);
    yield* streamScores(this.#pipeline, checkedQuery, source, checked);
  }

  /** What is loaded and how it runs. */
  info(): RerankerInfo {
    return structuredClone(this.#info);
  }

  /** Counters since load, distributions over the calls of `rank` and `score`, and what is going on now. */
  stats(): RerankerStats {
    return { ...this.#stats.snapshot(), memory: this.#model.native.memory() };
  }

  /**
   * Runs a few batches of made-up tokens, so that the first real call does not pay for what happens once: kernels
   * compiled, memory touched, threads started.
   */
  async warmup(): Promise<void> {
    this.#checkOpen();
    for (const length of warmupLengths) {
      const tokens = Math.min(length, this.#model.maxLength);
      await this.#device.score({
        inputIds: new Int32Array(warmupPairs * tokens),
        tokenTypeIds: new Uint8Array(warmupPairs * tokens),
        offsets: Int32Array.from({ length: warmupPairs + 1 }, (_, i) => i * tokens),
      });
    }
  }

  /**
   * Frees the model. Queued calls reject with `ERR_CLOSED` and the running batch is waited for; with `drain: true`
   * queued calls finish first. Calling it again waits for the same end.
   */
  async close(options?: CloseOptions): Promise<void> {
    const { drain } = checkCloseOptions(options);
    this.#closed = true;
    const queueClosed = this.#queue.close({ drain });
    this.#released ??= queueClosed.then(() => this.#release());
    await this.#released;
  }

  /** `close()`, for `await using`. */
  async [asyncDispose](): Promise<void> {
    await this.close();
  }

  async #release(): Promise<void> {
    this.#model.tokenizer.close();
    await this.#model.native.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new RerankerError('ERR_CLOSED', 'This reranker is closed. Load a new one.');
  }
}

function describe(model: OpenModel, batching: BatchingSettings): RerankerInfo {
  const { native, source } = model;
  const { device, deviceName, dtype, path, instructionSet, threads } = native.info;
  const { maxBatchTokens, maxBatchSize, maxQueueSize, maxInFlight } = batching;
  return {
    model: source.id,
    revision: source.revision,
    folder: source.folder,
    sha256: model.sha256,
    device,
    deviceName,
    dtype,
    path,
    reason: model.reason,
    instructionSet,
    threads,
    tokenizer: model.tokenizer.path,
    versions: { package: packageVersion, node: process.versions.node, mlx: model.addon.mlxVersion },
    limits: { maxLength: model.maxLength, maxBatchTokens, maxBatchSize, maxQueueSize, maxInFlight },
  };
}
