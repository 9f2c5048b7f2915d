import { grid, point, run } from './point.mjs';

// The reference study's experiments about devices, models and the parts of a pipeline, under its own numbers and
// titles. `{path}` becomes what computed here.

const maxLength = (length) => ({ options: { maxLength: length } });

export const devices = {
  id: 'R1',
  name: 'devices',
  title: '01_backend_comparison_{path}',
  support: 'mapped',
  about:
    'backends: MLX on a GPU, MLX on the CPU, our CPU encoder (theirs were pytorch 551, mps 597, mlx 630, compiled 230)',
  description: 'Devices and execution paths',
  runs: [
    run('MLX on a GPU', grid([32], [1], { seed: [630] }), {
      options: { device: 'gpu', path: 'mlx' },
      optional: true,
    }),
    run('MLX on the CPU', grid([32], [1]), { options: { device: 'cpu', path: 'mlx' }, optional: true }),
    run('CPU encoder', grid([32], [1], { seed: [551] }), {
      options: { device: 'cpu', path: 'cpu' },
      optional: true,
    }),
  ],
};

const dtypeRun = (label, options, seed = null) =>
  run(label, [point(96, 1, { seed })], {
    suffix: `_${options.dtype}`,
    options,
    optional: true,
    keepLogits: 1000,
  });

export const dtypes = {
  id: 'R7',
  name: 'dtypes',
  title: '07_quantization_{path}',
  support: 'native',
  reference: 'fp32',
  about:
    'number formats: speed, score error and order agreement against float32 (int4: not applicable, no path computes it)',
  description: 'Number formats',
  sweep: 'dtype',
  runs: [
    dtypeRun('fp32', { dtype: 'float32' }, 572),
    dtypeRun('fp16', { dtype: 'float16' }, 671),
    dtypeRun('bf16', { dtype: 'bfloat16' }),
    dtypeRun('int8', { dtype: 'int8', path: 'cpu' }),
  ],
};

export const maxLengths = {
  id: 'R8',
  name: 'max-length',
  title: '08_max_length_sweep_{path}',
  support: 'native',
  about: 'most tokens of a pair, 64 and 96 pairs a request',
  description: 'Max sequence length sweep',
  sweep: 'max length',
  runs: [[128], [175, 814], [200], [256], [512, 687]].map(([length, seed]) =>
    run(`max_length=${length}`, grid([64, 96], [1], { seed: length === 175 ? [null, seed] : [seed] }), {
      suffix: `_ml${length}`,
      ...maxLength(length),
    }),
  ),
};

export const replicas = {
  id: 'R12',
  name: 'replicas',
  title: '12_model_pool_{path}',
  support: 'mapped',
  sweep: 'replicas',
  about: 'replicas = processes with a Reranker each, which share out the cores and the clients',
  description: 'Model replicas',
  runs: [1, 2, 3, 4].map((count) =>
    run(
      `replicas=${count}`,
      grid([32, 64, 128], [4, 8, 12], { replicas: count, seed: [[], [1012], [null, 1201]][count - 1] }),
      { suffix: `_x${count}` },
    ),
  ),
};

export const tokenizer = {
  id: 'R13',
  name: 'tokenizer',
  title: '28_tokenization_only',
  support: 'mapped',
  about: 'pair encoding alone, in the one thread that a process has for it',
  description: 'Tokenizer-only throughput',
  runs: ['D2', 'D1'].map((dataset) =>
    run(
      dataset,
      [point(128, 16, { target: 'tokenizer', requests: Infinity, seed: dataset === 'D2' ? 20_000 : null })],
      { dataset, suffix: `_${dataset}` },
    ),
  ),
};

export const inferenceOnly = {
  id: 'R14',
  name: 'inference-only',
  title: '29_inference_only_{path}',
  support: 'native',
  about: 'the device alone, on real pairs tokenized beforehand',
  description: 'Inference-only throughput',
  sweep: 'batch',
  runs: ['D2', 'D1'].map((dataset) =>
    run(dataset, grid([64, 128, 256], [8, 16], { target: 'kernel' }), { dataset, suffix: `_${dataset}` }),
  ),
};

export const fullPipeline = {
  id: 'R15',
  name: 'headline',
  title: '30_full_pipeline_{path}',
  support: 'native',
  about: 'the headline: 128 pairs a request, 16 clients, max length 200, on its synthetic strings and on real text',
  description: 'Full pipeline throughput',
  runs: [
    ['D2', 7320],
    ['D1', 811],
  ].map(([dataset, seed]) =>
    run(dataset, [point(128, 16, { requests: Infinity, seconds: 60, seed })], {
      dataset,
      suffix: `_${dataset}`,
      ...maxLength(200),
    }),
  ),
};

export const pipeline = {
  id: 'R16',
  name: 'pipeline',
  title: '20_pipeline_{path}',
  support: 'mapped',
  about:
    'tokenizing beside the device, against one after the other (off = one request at a time, one batch in flight)',
  description: 'Pipeline on and off',
  runs: [
    run('on', grid([32, 64, 128], [2], { seed: [506, 543, 529] }), { suffix: '_on' }),
    run('off', grid([32, 64, 128], [1]), { suffix: '_off', options: { maxInFlight: 1 } }),
  ],
};

export const production = {
  id: 'R18',
  name: 'production',
  title: '22_production_sweep_{path}',
  support: 'native',
  sweep: 'concurrency',
  about: 'max length 175: 96 pairs a request with 1 to 12 clients, 32 to 96 pairs with one',
  description: 'Production configuration sweep',
  runs: [
    run('', [...grid([96], [1, 2, 3, 4, 6, 8, 12], { seed: [814] }), ...grid([32, 48, 64], [1])], maxLength(175)),
  ],
};

const notApplicable = (id, name, about, reason) => ({
  id,
  name,
  about,
  reason,
  support: 'not applicable',
  runs: [],
});

export const compile = notApplicable(
  'R9',
  'compile',
  'compile modes, shape buckets',
  'torch.compile has no counterpart: batches are packed, so no shape is compiled for',
);

export const int4 = notApplicable(
  'R7b',
  'int4',
  '4-bit weights',
  'no path computes int4; asked for, loading says so',
);

export const soak = notApplicable(
  'R21',
  'soak',
  'ten minutes with faults',
  'a test of behaviour, not a figure: test/process and npm run soak',
);
