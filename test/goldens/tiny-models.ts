import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tinyVocabulary } from './tiny-vocabulary.js';

/**
 * Small seeded BERTs in Hugging Face layout, generated wherever they are needed and stored nowhere.
 * tiny_models.py generates the same bytes, so the reference logits in tiny.json belong to these very weights.
 *
 * Element `i` of tensor `name` is a whole number k from -127 to 127, hashed from (seed, name, i), times a
 * power of two that depends on the kind of tensor; LayerNorm weights are 1 + trunc(k / 4) / 128. All are exact in
 * float32, float16 and bfloat16 alike: a model has the same weights whatever `dtype` its file is written in.
 */
export interface TinyShape {
  seed: number;
  layers: number;
  hidden: number;
  heads: number;
  intermediate: number;
  labels: number;
  vocabulary: number;
  positions: number;
  tokenTypes: number;
  eps: number;
  activation: string;
  /** false: pooler.dense.bias is left out of the file. */
  poolerBias?: boolean;
  /** true: the file carries the int64 buffer bert.embeddings.position_ids, as older checkpoints do. */
  positionIds?: boolean;
}

export type TinyShapeName =
  'tiny' | 'heads64' | 'twoLabels' | 'noTokenTypes' | 'eps' | 'noPoolerBias' | 'oddShapes';

export interface TinyModelOptions {
  /** Element type of the safetensors file; default F32. */
  dtype?: 'F32' | 'F16' | 'BF16';
  /** Other weights of the same shape; default the shape's own seed, which the goldens were made with. */
  seed?: number;
}

export const tinyShapes = JSON.parse(readFileSync(join(__dirname, 'tiny-shapes.json'), 'utf8')) as Record<
  TinyShapeName,
  TinyShape
>;

/** Writes config, model.safetensors, tokenizer.json and tokenizer_config.json into `folder`, made if missing. */
export function writeTinyModel(folder: string, name: TinyShapeName, options: TinyModelOptions = {}): void {
  const shape = { ...tinyShapes[name], seed: options.seed ?? tinyShapes[name].seed };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config(shape), null, 2));
  writeFileSync(join(folder, 'model.safetensors'), safetensors(shape, options.dtype ?? 'F32'));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer()));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig(shape), null, 2));
}

function config(shape: TinyShape) {
  const labels = Array.from({ length: shape.labels }, (_, label) => `LABEL_${label}`);
  return {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    vocab_size: shape.vocabulary,
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    hidden_act: shape.activation,
    max_position_embeddings: shape.positions,
    position_embedding_type: 'absolute',
    type_vocab_size: shape.tokenTypes,
    layer_norm_eps: shape.eps,
    pad_token_id: 0,
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/** The exponent is that of the power of two; null for LayerNorm weights. */
type Tensor = [name: string, dimensions: number[], exponent: number | null];

function* tensors({ layers, hidden, intermediate, labels, ...shape }: TinyShape): Generator<Tensor> {
  function* layerNorm(name: string): Generator<Tensor> {
    yield [`${name}.weight`, [hidden], null];
    yield [`${name}.bias`, [hidden], -9];
  }
  function* linear(
    name: string,
    outputs: number,
    inputs: number,
    exponent = -9,
    bias = true,
  ): Generator<Tensor> {
    yield [`${name}.weight`, [outputs, inputs], exponent];
    if (bias) yield [`${name}.bias`, [outputs], -9];
  }
  yield ['bert.embeddings.word_embeddings.weight', [shape.vocabulary, hidden], -7];
  yield ['bert.embeddings.position_embeddings.weight', [shape.positions, hidden], -8];
  yield ['bert.embeddings.token_type_embeddings.weight', [shape.tokenTypes, hidden], -8];
  yield* layerNorm('bert.embeddings.LayerNorm');
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `bert.encoder.layer.${layer}`;
    yield* linear(`${prefix}.attention.self.query`, hidden, hidden, -8);
    yield* linear(`${prefix}.attention.self.key`, hidden, hidden);
    yield* linear(`${prefix}.attention.self.value`, hidden, hidden);
    yield* linear(`${prefix}.attention.output.dense`, hidden, hidden);
    yield* layerNorm(`${prefix}.attention.output.LayerNorm`);
    yield* linear(`${prefix}.intermediate.dense`, intermediate, hidden);
    yield* linear(`${prefix}.output.dense`, hidden, intermediate);
    yield* layerNorm(`${prefix}.output.LayerNorm`);
  }
  yield* linear('bert.pooler.dense', hidden, hidden, -9, shape.poolerBias ?? true);
  yield* linear('classifier', labels, hidden, -7);
}

function values(seed: number, name: string, count: number, exponent: number | null): Float32Array {
  let key = 0x811c9dc5; // FNV-1a of "seed/name"
  for (const byte of Buffer.from(`${seed}/${name}`)) key = Math.imul(key ^ byte, 0x01000193);
  return Float32Array.from({ length: count }, (_, index) => {
    let hash = key + Math.imul(index, 0x9e3779b9); // then the finaliser of MurmurHash3
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    const k = (((hash ^ (hash >>> 16)) >>> 8) % 255) - 127;
    return exponent === null ? 1 + Math.trunc(k / 4) / 128 : k * 2 ** exponent;
  });
}

/** The values are exact in each type, so narrowing only moves bits. */
function encode(numbers: Float32Array, dtype: 'F32' | 'F16' | 'BF16'): Uint8Array {
  const bits = new Uint32Array(numbers.buffer);
  if (dtype === 'F32') return new Uint8Array(numbers.buffer);
  const narrow = Uint16Array.from(bits, (word) => {
    if (dtype === 'BF16') return word >>> 16;
    const exponent = (word >>> 23) & 0xff;
    const sign = (word >>> 16) & 0x8000;
    return exponent === 0 ? sign : sign | ((exponent - 112) << 10) | ((word >>> 13) & 0x3ff);
  });
  return new Uint8Array(narrow.buffer);
}

/** Laid out as by the safetensors library: wider types first, then by name; header padded to 8 bytes. */
function safetensors(shape: TinyShape, dtype: 'F32' | 'F16' | 'BF16'): Buffer {
  const entries = [...tensors(shape)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, dimensions, exponent]) => {
      const count = dimensions.reduce((product, size) => product * size, 1);
      return {
        name,
        dtype: dtype as string,
        dimensions,
        bytes: encode(values(shape.seed, name, count, exponent), dtype),
      };
    });
  if (shape.positionIds) {
    const positions = BigInt64Array.from({ length: shape.positions }, (_, index) => BigInt(index));
    const bytes = new Uint8Array(positions.buffer);
    entries.unshift({
      name: 'bert.embeddings.position_ids',
      dtype: 'I64',
      dimensions: [1, shape.positions],
      bytes,
    });
  }
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, dtype, dimensions, bytes } of entries) {
    header[name] = { dtype, shape: dimensions, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = JSON.stringify(header);
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...entries.map(({ bytes }) => bytes)]);
}

/** The shape of bert-base-uncased's tokenizer.json, with the small vocabulary. */
function tokenizer() {
  const special = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const vocabulary = tinyVocabulary();
  const id = (token: string) => vocabulary.indexOf(token);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((content) => ({
      id: id(content),
      content,
      ...flags,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), special('[SEP]', 1)],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [id(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, index) => [token, index])),
    },
  };
}

function tokenizerConfig(shape: TinyShape) {
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    strip_accents: null,
    tokenize_chinese_chars: true,
    model_max_length: shape.positions,
    unk_token: '[UNK]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
  };
}
