// Who takes part, and with which settings.
import { availableParallelism } from 'node:os';
import { here, onnx, starter } from './paths.mjs';

export const cores = availableParallelism();
export const batchSizes = [1, 8, 32];

/** Threads worth trying; 0 leaves the choice to the library. */
const threadChoices = [...new Set([0, 1, Math.ceil(cores / 2), cores])];

const ours = (dtype, threads) => ({
  name: 'mlx-rerank',
  ours: true,
  driver: 'mlx-rerank',
  precision: dtype,
  options: { model: starter, dtype, threads },
});

export const us = [
  ...[...new Set([1, cores])].map((threads) => ours('float32', threads)),
  ...['bfloat16', 'int8'].map((dtype) => ours(dtype, cores)),
];

/** Every setting of a library in one precision; screening takes the fastest. */
const onnxruntime = (precision, files, variant) => ({
  batches: batchSizes,
  settings: files.flatMap((file) =>
    threadChoices.map((threads) => ({
      name: 'onnxruntime-node',
      driver: 'onnxruntime-node',
      precision,
      variant,
      setting: `${file}.onnx, ${threadsOf(threads)}`,
      options: { file: onnx(file), threads },
    })),
  ),
});

const transformersJs = (precision, dtype) => ({
  batches: [8, 32],
  settings: threadChoices.map((threads) => ({
    name: 'transformers.js',
    driver: 'transformers-js',
    precision,
    setting: threadsOf(threads),
    options: { folder: here('build'), dtype, threads },
  })),
});

const openvino = (precision, hint, files) => ({
  batches: batchSizes,
  settings: files.flatMap((file) =>
    ['LATENCY', 'THROUGHPUT'].map((performance) => ({
      name: 'OpenVINO',
      driver: 'openvino',
      precision,
      setting: `${file}.onnx, ${performance.toLowerCase()} mode`,
      options: { file: onnx(file), precision: hint, hint: performance },
    })),
  ),
});

const int8Files = (scale) => [`plain-int8-${scale}`, `fused-int8-${scale}`];

export const rivals = [
  onnxruntime('float32', ['plain', 'fused']),
  openvino('float32', 'f32', ['plain', 'sdpa']),
  transformersJs('float32', 'fp32'),
  openvino('bfloat16', 'bf16', ['plain', 'sdpa']),
  onnxruntime('int8', int8Files('tensor'), 'per tensor'),
  onnxruntime('int8', int8Files('channel'), 'per channel'),
  openvino('int8', 'f32', ['plain-int8-tensor']),
  transformersJs('int8', 'q8'),
];

/** As a rival runs in the tables. */
export const withBatch = (setting, batch) => ({ ...setting, batch, options: { ...setting.options, batch } });

/** Names one row of the tables. */
export function label({ name, ours, precision, variant, batch, options }) {
  const how = ours ? threadsOf(options.threads) : batch && `batch ${batch}`;
  return [name, [precision, variant].filter(Boolean).join(' '), how].filter(Boolean).join(', ');
}

function threadsOf(threads) {
  return threads === 0 ? 'default threads' : `${threads} thread${threads === 1 ? '' : 's'}`;
}
