import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../bench/datasets/catalogue.mjs';
import { measureLengths } from '../../bench/datasets/lengths.mjs';
import { point } from '../../bench/experiments/point.mjs';
import { runExperiment } from '../../bench/run/run-experiment.mjs';
import { loadTiny, tinyFolder } from './tiny-reranker.js';

const root = resolve(__dirname, '../..');
const model = tinyFolder();

interface Repeat {
  status: string;
  error?: string;
  requests: { startMs: number; latencyMs: number; pairs: number }[];
  stats: { tokens: number } | null;
  shed: number;
  logits?: number[];
  workers: { warmupRequests: unknown[] }[];
}
interface Point {
  status: string;
  error?: string;
  batch: number;
  repeats: Repeat[];
}
interface Result {
  runs: { title: string; info: { path: string }; dataset: { name: string }; points: Point[] }[];
}

/** The bench as `npm run bench` runs it, into a folder of its own. */
function bench(...args: string[]) {
  const out = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
  return new Promise<{ code: number | null; stdout: string; stderr: string; out: string }>((done, reject) => {
    const child = spawn(process.execPath, ['bench/main.mjs', ...args, '--model', model, '--out', out], {
      cwd: root,
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
    child.on('error', reject).on('close', (code) => done({ code, ...texts, out }));
  });
}

const run = (points: object[], rest: object = {}) => ({ label: '', points, dataset: 'D2', options: {}, ...rest });

async function measure(runs: object[], limits: object): Promise<Result['runs']> {
  const experiment = {
    id: 'T',
    name: 'test',
    title: 'test_{path}',
    about: 'a test',
    description: 'A test',
    support: 'native',
    runs,
  };
  const settings = { model, options: {}, limits };
  return ((await runExperiment(experiment, settings, () => {})) as Result).runs;
}

describe('npm run bench', () => {
  it('writes report, JSON, page and time series, and says so after the figures', async () => {
    const { code, stdout, out } = await bench('--experiment', 'rerank', '--requests', '3', '--repeats', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /One query, dataset D1[^]*documents +p50 +p95[^]*\n +10 [^]*\n +100 [^]*\n +1000 [^]*report\.md/,
    );
    const report = readFileSync(join(out, 'report.md'), 'utf8');
    expect(report).toMatch(/^# rerank_one_query_cpu$/m);
    expect(report).toMatch(/\| 1000 \| 1 \| 3000 \|/);
    expect(existsSync(join(out, /`(distribution\/[^`]+)`/.exec(report)![1]!))).toBe(true);
    const { experiments } = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as { experiments: Result[] };
    expect(
      experiments[0]!.runs[0]!.points.map(({ repeats }) => repeats.map(({ requests }) => requests.length)),
    ).toEqual([
      [3, 3],
      [3, 3],
      [3, 3],
    ]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('<canvas');
  });

  it("measures the pairs of a user's file, and says which", async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-')), 'mine.jsonl');
    writeFileSync(file, '{"query":"bees","documents":["bees fly","bread"]}\n');
    const { code, stdout, out } = await bench(
      '--experiment',
      'N2',
      '--data',
      file,
      '--requests',
      '2',
      '--repeats',
      '1',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('dataset mine.jsonl');
    expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('your file mine.jsonl, 2 pairs');
  });

  it.each<[string, string[], RegExp]>([
    ['an experiment that is not there', ['--experiment', 'nothing'], /There is no experiment nothing/],
    ['one that does not apply', ['--experiment', 'R9'], /torch\.compile/],
    ['a file that is not there', ['--experiment', 'R20', '--data', './none.jsonl'], /none\.jsonl/],
    ['an odd number', ['--seconds', 'soon'], /--seconds/],
  ])('says what is wrong with %s, without a stack', async (_, args, message) => {
    const { code, stdout, stderr } = await bench(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('shows an error in its row, goes on, and exits with one', async () => {
    const { code, stdout, stderr, out } = await bench(
      '--experiment',
      'N5',
      '--dtype',
      'float16',
      '--path',
      'cpu',
      '--requests',
      '2',
      '--repeats',
      '1',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/ERROR[^]*float16/);
    expect(stderr).toMatch(/4 points ended in an error/);
    expect(readFileSync(join(out, 'report.md'), 'utf8')).toMatch(/\| 10 \| 64 \| ERROR \| - \|/);
  });
});

describe('running an experiment', () => {
  it('lets a point that fails fail alone', async () => {
    const runs = await measure(
      [run([point(2, 1)], { options: { path: 'cpu', dtype: 'float16' } }), run([point(2, 2)])],
      { requests: 4, repeats: 2 },
    );
    expect(runs.map(({ points }) => points[0]!.status)).toEqual(['error', 'ok']);
    expect(runs[0]!.points[0]!.error).toContain('ERR_INVALID_ARGUMENT');
    expect(runs[1]!.points[0]!.repeats).toHaveLength(2);
  });

  it('tells what this machine cannot do from what broke', async () => {
    const [here] = await measure(
      [run([point(2, 1)], { options: { path: 'cpu', dtype: 'float16' }, optional: true })],
      { requests: 1, repeats: 1 },
    );
    expect(here!.points[0]!.status).toBe('unavailable');
  });

  it('survives a process that dies', async () => {
    const runs = await measure([run([point(2, 1, { target: 'nothing' })]), run([point(2, 1)])], {
      requests: 1,
      repeats: 1,
    });
    expect(runs.map(({ points }) => points[0]!.status)).toEqual(['error', 'ok']);
  });

  it('measures what was asked for and nothing of the warm-up', async () => {
    const [here] = await measure([run([point(3, 2)])], { requests: 10, repeats: 1 });
    const [repeat] = here!.points[0]!.repeats;
    expect(repeat!.requests).toHaveLength(10);
    expect(repeat!.workers[0]!.warmupRequests).toHaveLength(5);
    // Ten requests of the D2 pairs 0 to 29, tokenized by the tiny vocabulary: their tokens, not the warm-up's as well.
    const reranker = await loadTiny();
    await reranker.score(openDataset({ name: 'D2' }).make({ limit: 30 }) as [string, string][]);
    expect(repeat!.stats!.tokens).toBe(reranker.stats().counters.tokens);
    await reranker.close();
  });

  it('shares requests and clients out to replicas', async () => {
    const [here] = await measure([run([point(2, 4, { replicas: 2 })])], { requests: 10, repeats: 1 });
    const [repeat] = here!.points[0]!.repeats;
    expect(repeat!.requests).toHaveLength(10);
    expect(repeat!.workers).toHaveLength(2);
  });

  it('runs the tokenizer alone, the device alone, an open loop, and beside other callers', async () => {
    const [alone, open, beside] = await measure(
      [
        run([point(4, 2, { target: 'tokenizer' }), point(4, 2, { target: 'kernel' })]),
        run([point(20, 1, { load: { kind: 'offline' } }), point(2, 1, { load: { kind: 'open', fraction: 0.2 } })]),
        run([point(2, 1, { shape: 'rank', background: { batch: 50, concurrency: 2, shape: 'rank' } })]),
      ],
      { requests: 6, repeats: 1 },
    );
    const all = [...alone!.points, ...open!.points, ...beside!.points];
    expect(all.map(({ status, error }) => error ?? status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(all.map(({ repeats }) => repeats[0]!.requests.length)).toEqual([6, 6, 6, 6, 6]);
    expect(alone!.points[1]!.repeats[0]!.stats!.tokens).toBeGreaterThan(0);
  });
});

it('D1 has the lengths of MS MARCO passage pairs, D4 the longest the model takes', async () => {
  const starter = join(root, 'models/starter');
  const lengths = await measureLengths(openDataset({ name: 'D1' }).make(), starter, 512);
  for (const [key, expected] of Object.entries({ mean: 82, p50: 73, p95: 142, p99: 169 })) {
    expect(Math.abs((lengths[key] as number) / expected - 1)).toBeLessThan(0.05);
  }
  const long = await measureLengths(openDataset({ name: 'D4' }).make(), starter, 512);
  expect(long).toMatchObject({ p5: 512, max: 512, truncatedShare: 1 });
});
