interface Request {
  startMs: number;
  latencyMs: number;
  pairs: number;
}

/** A measurement on a made-up GPU: `clients` closed-loop clients, request after request of these latencies. */
export function sampleMeasurement(latencies: number[], { batch = 32, clients = 4 } = {}) {
  const free = Array<number>(clients).fill(0);
  const requests: Request[] = latencies.map((latencyMs) => {
    const client = free.indexOf(Math.min(...free));
    const startMs = free[client]!;
    free[client] = startMs + latencyMs;
    return { startMs, latencyMs, pairs: batch };
  });
  const total = latencies.reduce((a, b) => a + b, 0);
  const wallMs = Math.max(...free);
  const stages = {
    calls: latencies.length,
    tokenizationMs: total / 8,
    queueWaitMs: total / 8,
    inferenceMs: total / 2,
    otherMs: total / 4,
    endToEndMs: total,
  };
  const sample = {
    ms: 500,
    cpuPercent: 12.34,
    rssMb: 200,
    latencyMs: 10,
    pairsPerSecond: 100,
    gpuMemoryMb: 512.25,
    gpuPercent: 90,
    busyPercent: 90,
    tokenizationMs: 1,
    inferenceMs: 4,
    queueWaitMs: 1,
    paddingPercent: 2,
    queuedPairs: 0,
  };
  return {
    status: 'ok',
    requests,
    wallMs,
    pairs: batch * latencies.length,
    sent: latencies.length,
    shed: 0,
    stoppedBy: 'requests',
    cpuMs: 40,
    peakRssBytes: 2 ** 28,
    loadMs: 100,
    importMs: 30,
    eventLoop: { maxMs: 5, p99Ms: 1, resolutionMs: 10 },
    stats: {
      tokens: 8000,
      computedTokens: 8200,
      batches: 10,
      batchPairs: 320,
      truncated: 0,
      busyMs: wallMs,
      stages,
    },
    samples: [sample, { ...sample, ms: 1000, gpuMemoryMb: 513.75 }],
    workers: [{ requests, warmupRequests: [{ startMs: 0, latencyMs: 10, pairs: 8 }], wallMs }],
    background: null,
    info: sampleInfo,
  };
}

export const sampleInfo = {
  model: 'owner/name',
  folder: '/models/name',
  sha256: 'ab'.repeat(32),
  device: 'gpu',
  deviceName: 'Some GPU',
  dtype: 'float16',
  path: 'mlx',
  reason: 'there is a GPU',
  instructionSet: 'none',
  threads: 1,
  tokenizer: 'fast',
  versions: { package: '0.1.0', node: '20.0.0', mlx: '0.32.4' },
  limits: { maxLength: 512 },
};

const lengths = {
  pairs: 100,
  mean: 82,
  p5: 43,
  p25: 61,
  p50: 73,
  p75: 99,
  p90: 131,
  p95: 142,
  p99: 169,
  max: 212,
  truncatedShare: 0,
  histogram: [
    { from: 0, to: 96, pairs: 70 },
    { from: 96, to: 513, pairs: 30 },
  ],
  longer: 0,
  padding: [{ batch: 32, arrivalOrder: 0.48, sorted: 0.1 }],
};

/** One run of one point, 32 pairs and 4 clients unless told otherwise. */
export function sampleRun(repeats: object[], point: object = {}) {
  const failed = repeats.find((repeat) => (repeat as { status: string }).status !== 'ok') as
    { status: string; error: string } | undefined;
  return {
    label: '',
    title: 'sample',
    description: 'A sample',
    suffix: '',
    options: {},
    batching: { maxBatch: 256, timeoutMs: 50 },
    info: sampleInfo,
    dataset: { name: 'D1', description: 'sample text', lengths },
    timeSeries: 'distribution/sample_timeseries.md',
    points: [
      {
        batch: 32,
        concurrency: 4,
        shape: 'score',
        target: 'reranker',
        replicas: 1,
        load: { kind: 'closed' },
        seed: 671.6,
        repeats,
        status: failed?.status ?? 'ok',
        error: failed?.error,
        shown: failed ? undefined : repeats[0],
        ...point,
      },
    ],
  };
}

export const sampleMachine = {
  cpu: 'Some CPU',
  logicalCores: 2,
  usableCores: 2,
  memoryBytes: 2 ** 33,
  os: 'Linux',
  loadAverage: [0, 0, 0],
  node: '20.0.0',
  v8: '11',
  commit: 'abc',
};

export const sampleReport = (runs: object[]) => ({
  timestamp: '2025-01-02 03:04:05',
  command: 'npm run bench',
  machine: sampleMachine,
  experiments: [{ id: 'R0', name: 'sample', about: 'a sample', support: 'native', runs, repeats: 1 }],
});
