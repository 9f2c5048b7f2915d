import { RerankerError } from '../errors.js';
import { EncodeCall } from './encode-call.js';
import type { TokenizerFacts } from './messages.js';
import { RemoteTokenizer } from './remote-tokenizer.js';
import type { EncodedSlice, EncodingOptions, PairSource, TokenizerFiles } from './types.js';

export type { EncodedSlice, EncodingOptions, PairSource, TokenizerFiles } from './types.js';

/**
 * A model's tokenizer. It works in one worker thread, which all tokenizers of an environment share; neither
 * keeps the process alive unless a `load` or a pull is waiting.
 */
export class Tokenizer {
  /**
   * Loads a tokenizer.json. A tokenizer_config.json overrides what it says of BERT normalisation, as in
   * `transformers`.
   * @throws RerankerError `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_CORRUPT` or `ERR_MODEL_UNSUPPORTED`, naming the
   * file and what was expected.
   */
  static async load(files: TokenizerFiles): Promise<Tokenizer> {
    const remote = new RemoteTokenizer(files);
    return new Tokenizer(remote, await remote.load());
  }

  /** Highest id + 1, added tokens included. */
  readonly vocabSize: number;
  /** `fast` is the package's own WordPiece encoder, `reference` is @huggingface/tokenizers. */
  readonly path: 'fast' | 'reference';
  readonly #specialTokens: number;
  readonly #remote: RemoteTokenizer;

  private constructor(remote: RemoteTokenizer, { vocabSize, path, specialTokens }: TokenizerFacts) {
    this.vocabSize = vocabSize;
    this.path = path;
    this.#specialTokens = specialTokens;
    this.#remote = remote;
  }

  /**
   * Encodes pairs as `[CLS] query [SEP] document [SEP]`. Slices come in input order, and only a few pairs are
   * encoded ahead of what is pulled. A pull rejects, and the iteration is over, with `ERR_INPUT_TOO_LONG`
   * where `truncation` says so, with `ERR_CLOSED` after `close` or when the thread was lost, with the
   * signal's reason, or with what the source threw.
   * @throws RerankerError `ERR_INVALID_ARGUMENT` if `maxLength` leaves no room for text.
   */
  encode(source: PairSource, options: EncodingOptions): AsyncIterableIterator<EncodedSlice, undefined> {
    if (!Number.isInteger(options.maxLength) || options.maxLength <= this.#specialTokens) {
      throw new RerankerError(
        'ERR_INVALID_ARGUMENT',
        `maxLength: expected a whole number over ${this.#specialTokens}, the special tokens of a pair, ` +
          `received ${options.maxLength}.`,
      );
    }
    return new EncodeCall(this.#remote, source, options);
  }

  /** Rejects what is being encoded with `ERR_CLOSED` and frees the tokenizer. */
  close(): void {
    this.#remote.close();
  }
}
