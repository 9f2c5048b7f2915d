import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../datasets/random.mjs';

const starter = fileURLToPath(new URL('../../models/starter/', import.meta.url));
const config = {
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  vocab_size: 30522,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 128,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  pad_token_id: 0,
  id2label: { 0: 'LABEL_0' },
  label2id: { LABEL_0: 0 },
};

/**
 * A two-layer model of random weights with the starter's tokenizer: what is left to measure is everything around it.
 * The folder goes when the process does.
 */
export function writeTinyModel() {
  const folder = mkdtempSync(path.join(tmpdir(), 'mlx-rerank-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(path.join(starter, file), path.join(folder, file));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(path.join(folder, 'model.safetensors'), safetensors([...tensors()]));
  return folder;
}

function* tensors() {
  const { hidden_size: hidden, intermediate_size: intermediate } = config;
  const linear = (name, outputs, inputs) => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name) => [
    [`${name}.LayerNorm.weight`, [hidden]],
    [`${name}.LayerNorm.bias`, [hidden]],
  ];
  for (const [name, rows] of [
    ['word', config.vocab_size],
    ['position', 512],
    ['token_type', 2],
  ]) {
    yield [`bert.embeddings.${name}_embeddings.weight`, [rows, hidden]];
  }
  yield* norm('bert.embeddings');
  for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
    const prefix = `bert.encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) yield* linear(`${prefix}.attention.self.${part}`, hidden, hidden);
    yield* linear(`${prefix}.attention.output.dense`, hidden, hidden);
    yield* norm(`${prefix}.attention.output`);
    yield* linear(`${prefix}.intermediate.dense`, intermediate, hidden);
    yield* linear(`${prefix}.output.dense`, hidden, intermediate);
    yield* norm(`${prefix}.output`);
  }
  yield* linear('bert.pooler.dense', hidden, hidden);
  yield* linear('classifier', 1, hidden);
}

function safetensors(named) {
  const random = seededRandom(7);
  const header = {};
  const parts = [];
  let offset = 0;
  for (const [name, shape] of named) {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: count }, () => (random() - 0.5) / 8);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
    parts.push(Buffer.from(values.buffer));
  }
  const json = JSON.stringify(header);
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}
