import { grid, point, run } from './point.mjs';

// Questions the reference study did not ask.

const rank = { shape: 'rank' };

export const rerank = {
  id: 'R20',
  name: 'rerank',
  title: 'rerank_one_query_{path}',
  support: 'native',
  sweep: 'batch',
  quick: { repeats: 1 },
  summary: true,
  about: 'one query and 10, 100 and 1,000 documents, one caller: the summary',
  description: 'One query, many documents',
  runs: [
    run('', [
      point(10, 1, { ...rank, seconds: 4 }),
      point(100, 1, { ...rank, seconds: 10 }),
      point(1000, 1, { ...rank, seconds: 15 }),
    ]),
  ],
};

export const openLoop = {
  id: 'R19',
  name: 'open-loop',
  title: 'open_loop_{path}',
  support: 'native',
  sweep: 'offered load',
  about: 'random arrivals at 30 to 95 % of what one offline call reaches: the latency that users see',
  description: 'Open loop, Poisson arrivals of 10 documents',
  runs: [
    run('', [
      point(1000, 1, { ...rank, load: { kind: 'offline' }, requests: 3 }),
      ...[0.3, 0.5, 0.7, 0.8, 0.9, 0.95].map((fraction) =>
        point(10, 1, { ...rank, load: { kind: 'open', fraction } }),
      ),
    ]),
  ],
};

export const documents512 = {
  id: 'N1',
  name: 'long-documents',
  title: 'long_documents_{path}',
  support: 'native',
  about: 'documents of 512 tokens',
  description: 'D4: every pair as long as the model takes',
  runs: [run('', [point(32, 4)], { dataset: 'D4' })],
};

export const hundred = {
  id: 'N2',
  name: 'hundred-documents',
  title: 'hundred_documents_{path}',
  support: 'native',
  about: 'one query and 100 documents, 1 and 4 callers',
  description: 'D3: one query, 100 documents',
  runs: [run('', grid([100], [1, 4], rank), { dataset: 'D3' })],
};

export const eventLoop = {
  id: 'N3',
  name: 'event-loop',
  title: 'event_loop_delay_{path}',
  support: 'native',
  about: 'event-loop delay while 1,000 documents are ranked, 100 of them of 1 MB',
  description: 'Event-loop delay under huge documents',
  runs: [
    run('', [point(1000, 1, { ...rank, requests: 3, seconds: 120, eventLoopResolutionMs: 1 })], {
      dataset: 'huge documents',
    }),
  ],
};

export const fairness = {
  id: 'N4',
  name: 'fairness',
  title: 'small_calls_beside_large_{path}',
  support: 'native',
  about: 'latency of 5-document calls beside two callers of 1,000 documents, fair and first in first out',
  description: 'Small calls beside large jobs',
  runs: ['fair', 'fifo'].map((scheduling) =>
    run(
      scheduling,
      [point(5, 1, { ...rank, seconds: 60, background: { batch: 1000, concurrency: 2, shape: 'rank' } })],
      { suffix: `_${scheduling}`, options: { scheduling } },
    ),
  ),
};

export const callers = {
  id: 'N5',
  name: 'callers',
  title: 'callers_{path}',
  support: 'native',
  sweep: 'concurrency',
  about: 'throughput of 1, 4, 16 and 64 callers of 10 documents',
  description: 'Many callers at once',
  runs: [run('', grid([10], [1, 4, 16, 64], rank))],
};

export const endToEnd = {
  id: 'N6',
  name: 'end-to-end',
  title: 'end_to_end_{path}',
  support: 'native',
  endToEnd: true,
  about: 'the public API against the device alone, on the same pairs',
  description: 'End to end against kernel only',
  runs: [
    run('device alone', [point(256, 2, { target: 'kernel' })], { suffix: '_kernel' }),
    run('end to end', [point(256, 2)], { suffix: '_api' }),
  ],
};

export const overlap = {
  id: 'N9',
  name: 'overlap',
  title: 'overlapping_batches_{path}',
  support: 'native',
  about: 'requests of 10 and 100 documents with one and with two batches on the device at once',
  description: 'Batches that overlap',
  runs: [1, 2].map((maxInFlight) =>
    run(
      `maxInFlight ${maxInFlight}`,
      [10, 100].map((documents) => point(documents, 1, { ...rank, seconds: 10 })),
      { suffix: `_${maxInFlight}`, options: { maxInFlight } },
    ),
  ),
};

const offline = (pairs, rest) =>
  point(pairs, 1, {
    load: { kind: 'offline' },
    requests: Math.max(1, Math.min(20, 10_000 / pairs)),
    seconds: 300,
    ...rest,
  });

export const queueCost = {
  id: 'N7',
  name: 'queue-cost',
  title: 'queue_cost_{path}',
  support: 'native',
  sweep: 'batch',
  about: 'cost of a pair with 100 to 10,000 pairs queued: must be flat',
  description: 'Cost per pair by queued pairs',
  runs: [
    run(
      '',
      [100, 1000, 10_000].map((pairs) => offline(pairs)),
    ),
  ],
};

export const queueCostMillion = {
  id: 'N8',
  name: 'queue-cost-million',
  title: 'queue_cost_million_{path}',
  support: 'native',
  sweep: 'batch',
  onlyAll: true,
  about: 'the same to 1,000,000 pairs, with a tiny model, so that what surrounds it shows',
  description: 'Cost per pair by queued pairs, tiny model',
  runs: [
    run(
      '',
      [100, 1000, 10_000, 100_000, 1_000_000].map((pairs) => offline(pairs)),
      { dataset: 'D2', limit: 1_000_000, model: 'tiny' },
    ),
  ],
};
