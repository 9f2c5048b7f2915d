import { RerankerError } from '../errors.js';
import { createFastEncoder } from './fast-path.js';
import { type PairTemplate, readPairTemplate } from './pair-template.js';
import { ReferenceEncoder } from './reference-encoder.js';
import type { TextEncoder } from './text-encoding.js';
import type { TokenizerJson } from './tokenizer-json.js';

/** What a tokenizer.json comes down to: how to encode a text, and what goes around the texts of a pair. */
export interface PairEncoder {
  encoder: TextEncoder;
  template: PairTemplate;
}

/** @throws RerankerError `ERR_MODEL_UNSUPPORTED` for a tokenizer that cannot be run. */
export function createPairEncoder(json: TokenizerJson): PairEncoder {
  const template = readPairTemplate(json);
  const reference = createReferenceEncoder(json);
  return { encoder: createFastEncoder(json, reference) ?? reference, template };
}

function createReferenceEncoder(json: TokenizerJson): ReferenceEncoder {
  try {
    return new ReferenceEncoder(json);
  } catch (cause) {
    throw new RerankerError(
      'ERR_MODEL_UNSUPPORTED',
      `@huggingface/tokenizers cannot run this tokenizer.json: ${(cause as Error).message}.`,
      { cause },
    );
  }
}
