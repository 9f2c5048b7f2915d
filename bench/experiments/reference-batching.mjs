import { dynamicBatching, grid, point, run } from './point.mjs';

// The reference study's experiments about batches and callers, under its own numbers and titles. `{path}` becomes what
// computed here.

export const seedDocument = {
  id: 'R0',
  name: 'seed-document',
  support: 'native',
  quick: { seconds: 25, repeats: 1 },
  title: '09_dynamic_batch_max_batch_sweep_{path}_batch256',
  about:
    'the configuration of the reference report: 500 requests of 32 pairs, 4 clients, max_batch 256, timeout 50 ms; then our defaults under the same load',
  description: 'Dynamic batching max batch size sweep across backends and batch sizes',
  runs: [
    run('max_batch=256, timeout=50ms', [point(32, 4, { seed: 671.6, seconds: 900 })], {
      description: 'Dynamic batching max batch size sweep across backends and batch sizes',
      ...dynamicBatching(256, 50),
    }),
    run('our defaults', [point(32, 4, { seed: 671.6, seconds: 900 })], { suffix: '_defaults' }),
  ],
};

export const batchSize = {
  id: 'R2',
  name: 'batch-size',
  title: '02_batch_size_sweep_{path}',
  support: 'native',
  about: 'pairs a request, one client',
  description: 'Batch size sweep',
  sweep: 'batch',
  runs: [
    run(
      '',
      grid([8, 16, 32, 48, 64, 96, 128, 192, 256], [1], { seed: [275, 429, 615, 672, 687, 708, 725, 738, 748] }),
    ),
  ],
};

export const concurrency = {
  id: 'R3',
  name: 'concurrency',
  title: '03_concurrency_sweep_{path}',
  support: 'native',
  about: 'closed-loop clients, 32 and 96 pairs a request',
  description: 'Concurrency sweep',
  sweep: 'concurrency',
  runs: [
    run('', [
      ...grid([32], [1, 2, 3, 4], { seed: [636, 713, 726] }),
      ...grid([96], [1, 2, 4, 8, 12, 16, 24, 48], { seed: [713, 769, 772, 779] }),
    ]),
  ],
};

const small = grid([1, 4, 8], [16, 64]);

export const dynamicBatch = {
  id: 'R4',
  name: 'dynamic-batch',
  title: '04_dynamic_batch_{path}',
  support: 'mapped',
  about: 'batches across callers off and on; off = no batch larger than a request, first come first served',
  description: 'Dynamic batching off and on',
  runs: [
    ...[32, 1, 4, 8].map((batch) =>
      run(
        `off, batch=${batch}`,
        batch === 32 ? [point(32, 4, { seed: 647 })] : small.filter((one) => one.batch === batch),
        {
          suffix: `_off_batch${batch}`,
          options: { maxBatchSize: batch, scheduling: 'fifo', targetBatchMs: 60_000 },
        },
      ),
    ),
    run('on', [point(32, 4, { seed: 686 }), ...small], { suffix: '_on', ...dynamicBatching(96, 50) }),
    run('our defaults', [point(32, 4, { seed: 686 }), ...small], { suffix: '_defaults' }),
  ],
};

export const timeout = {
  id: 'R5',
  name: 'timeout',
  title: '05_dynamic_batch_timeout_sweep_{path}',
  support: 'native',
  about: 'how long an idle device waits for more (theirs waited 1 ms whatever was set)',
  sweep: 'timeout',
  description: 'Dynamic batching timeout sweep',
  runs: [0, 1, 5, 10, 20, 50, 100, 200].map((ms) =>
    run(`timeout=${ms}ms`, [point(32, 4, { seed: 680 }), point(1, 32)], {
      suffix: `_timeout${ms}`,
      ...dynamicBatching(96, ms),
    }),
  ),
};

const maxBatchSeed = { 32: 670, 64: 683, 96: 688, 128: 681, 256: 672 };

export const maxBatch = {
  id: 'R6',
  name: 'max-batch',
  title: '09_dynamic_batch_max_batch_sweep_{path}',
  support: 'native',
  about: 'largest batch, counted in pairs and, as theirs did, in requests',
  description: 'Dynamic batching max batch size sweep',
  sweep: 'max batch',
  runs: [
    ...[32, 64, 96, 128, 256].map((pairs) =>
      run(`max_batch=${pairs} pairs`, [point(32, 4, { seed: maxBatchSeed[pairs] })], {
        suffix: `_batch${pairs}`,
        ...dynamicBatching(pairs, 50),
      }),
    ),
    ...[32, 256].map((requests) =>
      run(`max_batch=${requests} requests`, [point(32, 4, { seed: maxBatchSeed[requests] })], {
        suffix: `_requests${requests}`,
        ...dynamicBatching(requests * 32, 50),
      }),
    ),
  ],
};

export const padding = {
  id: 'R10',
  name: 'padding',
  title: '10_padding_{path}',
  support: 'mapped',
  about:
    'tokens computed: packed batches as here, against padded batches in order of arrival and sorted by length (from the same lengths)',
  description: 'Padding: arrival order against length-sorted and packed batches',
  runs: [run('', [point(64, 1, { seed: 687 }), point(32, 8)])],
};

export const batchingAnalysis = {
  id: 'R11',
  name: 'batching-analysis',
  title: '11_dynamic_batch_analysis_{path}',
  support: 'native',
  about: 'gathering settings side by side, 1,000 requests',
  description: 'Dynamic batching analysis',
  runs: [
    run('max256 50 ms', [point(32, 4, { requests: 1000, seed: 734 })], {
      suffix: '_256_50',
      ...dynamicBatching(256, 50),
    }),
    run('max64 10 ms', [point(32, 4, { requests: 1000, seed: 644 })], {
      suffix: '_64_10',
      ...dynamicBatching(64, 10),
    }),
    run('max128 5 ms', [point(16, 8, { requests: 1000, seed: 612 })], {
      suffix: '_128_5',
      ...dynamicBatching(128, 5),
    }),
  ],
};

const boundedQueue = { options: { maxQueueSize: 256, maxLength: 200 } };

export const queueStress = {
  id: 'R17',
  name: 'queue-stress',
  title: '18_queue_stress_{path}',
  support: 'native',
  about:
    'a queue bounded at 256 pairs: 256 pairs a request with 16 and 64 clients, then half as much again as the device can do; what is refused, and p99 of the rest',
  description: 'Queue stress',
  runs: [
    run('', grid([256], [16, 64], { seed: [498] }), boundedQueue),
    run(
      'overload',
      [
        point(1000, 1, { shape: 'rank', load: { kind: 'offline' }, requests: 3 }),
        point(10, 1, { shape: 'rank', load: { kind: 'open', fraction: 1.5 } }),
      ],
      { suffix: '_overload', ...boundedQueue },
    ),
  ],
};
