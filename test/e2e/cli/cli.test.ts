import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reranker } from '../../../dist/index.js';
import { query, someDocuments, tinyFolder } from '../tiny-reranker.js';
import { jsonLines, runCli, startCli } from './run-cli.js';

const documents = someDocuments(200);
const folder = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
const full = process.env.RERANK_FULL === '1';
let model: string;
let reranker: Reranker;

beforeAll(async () => {
  model = tinyFolder();
  reranker = await Reranker.load(model);
});
afterAll(() => reranker.close());

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lines = () => file('documents.txt', documents.join('\n'));
const jsonl = (name: string, values: unknown[]) => file(name, values.map((value) => JSON.stringify(value)).join('\n'));

describe('rank', () => {
  it('prints what the library ranks, best first', async () => {
    const expected = await reranker.rank(query, documents, { topN: 7, minScore: 0.2 });
    const { code, stdout, stderr } = await runCli(['rank', query, lines(), '-m', model, '-n', '7', '--min-score', '0.2', '-o', 'jsonl']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(jsonLines(stdout)).toEqual(expected.map((result, i) => ({ rank: i + 1, line: result.index + 1, ...result })));
  });

  it('all of them, as JSON', async () => {
    const expected = await reranker.rank(query, documents);
    const { stdout } = await runCli(['rank', query, lines(), '-m', model, '-n', 'all', '-o', 'json']);
    expect((JSON.parse(stdout) as { document: string }[]).map((row) => row.document)).toEqual(expected.map((row) => row.document));
    const none = await runCli(['rank', query, '-m', model, '-o', 'json']);
    expect(JSON.parse(none.stdout)).toEqual([]);
  });

  it('reads lines of every make from a pipe, and prints tsv into one', async () => {
    const input = '\uFEFFbread\r\n\r\n  \n\u001b[31megg\tmilk\n花 stone';
    const { code, stdout } = await runCli(['rank', query, '-', '-m', model], { input });
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split('\n').map((row) => row.split('\t'));
    expect(rows.map((row) => row[0])).toEqual(['1', '2', '3']);
    expect(Object.fromEntries(rows.map((row) => [row[3], row[4]]))).toEqual({ 1: 'bread', 4: '[31megg milk', 5: '花 stone' });
  });

  it('reads fields of JSON lines and columns of CSV, and gives whole documents back', async () => {
    const values = documents.slice(0, 5).map((body, id) => ({ id, body }));
    const csv = file('table.csv', `id,body\n${values.map(({ id, body }) => `${id},"${body}, ""and""\nmore"`).join('\n')}\n`);
    const fromJson = await runCli(['rank', query, jsonl('fields.jsonl', values), '-m', model, '--text-field', 'body', '-o', 'jsonl']);
    expect(jsonLines(fromJson.stdout).map((row) => row.document).sort((a, b) => a.id - b.id)).toEqual(values);
    const fromCsv = await runCli(['rank', query, csv, '-m', model, '--text-field', 'body', '-o', 'jsonl']);
    expect(jsonLines(fromCsv.stdout).map((row) => row.document).sort((a, b) => a.id - b.id)).toEqual(
      values.map(({ id, body }) => ({ id: String(id), body: `${body}, "and"\nmore` })),
    );
  });

  it('reads paragraphs, and several files', async () => {
    const first = file('a.txt', 'bread and\n  milk\n\n\nstone');
    const second = file('b.txt', 'fire');
    const { stdout } = await runCli(['rank', query, first, second, '-m', model, '-i', 'paragraphs', '-o', 'jsonl']);
    const found = jsonLines(stdout).map(({ file: name, line, document }) => [name, line, document]);
    expect(found.sort()).toEqual([[first, 1, 'bread and milk'], [first, 5, 'stone'], [second, 1, 'fire']]);
  });

  it('scores long documents in chunks, with the part that earned the score', async () => {
    const options = ['--long-documents', 'chunk', '--chunk-tokens', '8', '--chunk-overlap', '2'];
    const expected = await reranker.rank(query, documents, { topN: 7, longDocuments: 'chunk', chunkTokens: 8, chunkOverlap: 2 });
    const { code, stdout, stderr } = await runCli(['rank', query, lines(), '-m', model, '-n', '7', ...options, '-o', 'jsonl']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(jsonLines(stdout)).toEqual(expected.map((result, i) => ({ rank: i + 1, line: result.index + 1, ...result })));
    const table = await runCli(['rank', query, lines(), '-m', model, '-n', '1', ...options, '-o', 'table']);
    const [{ document, span }] = expected as [(typeof expected)[0]];
    expect(table.stdout.split('\n')[1]!.trim().split(/ {2,}/).at(-1)).toBe(document.slice(span!.start, span!.end));
    const scored = await runCli(['score', '-q', query, lines(), '-m', model, ...options, '-o', 'jsonl']);
    const best = jsonLines(scored.stdout).sort((a, b) => b.logit - a.logit || a.index - b.index);
    expect(best.slice(0, 7).map(({ index, logit }) => [index, logit])).toEqual(expected.map(({ index, logit }) => [index, logit]));
  });

  it('tells that pairs were cut', async () => {
    const { code, stderr } = await runCli(['rank', query, lines(), '-m', model, '--max-length', '16']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^mlx-rerank: \d+ pairs had more than 16 tokens; what is beyond was not read\.\n$/);
  });
});

describe('score', () => {
  const pairs = documents.slice(0, 300).map((text, i) => [i % 2 ? query : 'bread', text] as const);

  it('prints every pair in input order', async () => {
    const expected = await reranker.score(pairs);
    for (const input of [
      jsonl('pairs.jsonl', pairs.map(([query, text]) => ({ query, text }))),
      jsonl('arrays.jsonl', pairs.map((pair) => pair)),
      file('pairs.txt', pairs.map((pair) => pair.join('\t')).join('\n')),
      file('pairs.csv', `query,text\n${pairs.map((pair) => pair.join(',')).join('\n')}`),
    ]) {
      const { code, stdout } = await runCli(['score', input, '-m', model, '-o', 'jsonl']);
      expect(code).toBe(0);
      const rows = jsonLines(stdout);
      expect(rows.map(({ index }) => index)).toEqual(pairs.map((_, i) => i));
      rows.forEach(({ score }, i) => expect(score).toBeCloseTo(expected[i]!, 5));
    }
  });

  it('takes one query for all', async () => {
    const expected = await reranker.score(documents.map((text) => [query, text] as const));
    const { stdout } = await runCli(['score', '--query', query, lines(), '-m', model]);
    const scores = stdout.trimEnd().split('\n').map((row) => Number(row.split('\t')[1]));
    scores.forEach((score, i) => expect(score).toBeCloseTo(expected[i]!, 5));
    expect(scores).toHaveLength(documents.length);
  });
});

describe('a bad line', () => {
  const bad = () => file('bad.jsonl', ['{"text":"bread"}', '{"text":', '{"body":"x"}', '7', '"stone"'].join('\n'));

  it('is told with its number and skipped', async () => {
    const { code, stdout, stderr } = await runCli(['rank', query, bad(), '-m', model, '-o', 'jsonl']);
    expect(code).toBe(0);
    expect(jsonLines(stdout).map(({ line }) => line).sort()).toEqual([1, 5]);
    expect(stderr).toContain('bad.jsonl:2: not JSON; skipped');
    expect(stderr).toMatch(/bad\.jsonl:3: no string in field "text".*body; skipped/);
    expect(stderr).toContain('bad.jsonl:4:');
    expect(stderr).toContain('3 lines could not be read');
  });

  it('of a CSV file too', async () => {
    const csv = file('bad.csv', 'id,text\n1,bread\n2,milk,more\n3,stone\n');
    const { code, stdout, stderr } = await runCli(['score', '-q', query, csv, '-m', model, '-o', 'jsonl']);
    expect(code).toBe(0);
    expect(jsonLines(stdout).map(({ document }) => document.id)).toEqual(['1', '3']);
    expect(stderr).toMatch(/bad\.csv:3: .*skipped/);
  });

  it('with --strict stops the command', async () => {
    for (const command of [['rank', query], ['score', '-q', query]]) {
      const { code, stderr } = await runCli([...command, bad(), '-m', model, '--strict']);
      expect(code).toBe(3);
      expect(stderr).toContain('bad.jsonl:2: not JSON. Stopped there because of --strict.');
    }
  });
});

describe('exit codes', () => {
  it.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /Usage/],
    ['an unknown command', ['rnak'], 2, /Did you mean rank/],
    ['an unknown option', ['rank', 'x', '--topn', '3'], 2, /top-n/],
    ['an overlap of more than half a chunk', ['rank', 'x', '-m', 'starter', '--long-documents', 'chunk', '--chunk-tokens', '8', '--chunk-overlap', '5'], 2, /half of chunkTokens/],
    ['more tokens than the model takes', ['rank', 'x', '-m', 'starter', '--max-length', '513'], 2, /at most 512/],
    ['a count that is none', ['rank', 'x', '-n', '1.5'], 2, /whole number/],
    ['a combination that no path can do', ['rank', 'x', '--path', 'cpu', '--dtype', 'float16', '-m', 'starter'], 2, /float32/],
    ['a file that is not there', ['rank', 'x', '/nowhere'], 3, /no such file/],
    ['a folder for a file', ['rank', 'x', '.'], 3, /folder/],
    ['a model that is not there', ['rank', 'x', '-m', './nowhere'], 4, /nowhere/],
    ['a model that is not cached', ['info', 'owner/name', '--offline'], 4, /starter/],
    ['help', ['rank', '--help'], 0, /^$/],
    ['the version', ['--version'], 0, /^$/],
  ])('%s', async (_, args, code, message) => {
    const result = await runCli(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('every command has help with examples', async () => {
    for (const command of ['rank', 'score', 'pull', 'info', 'doctor', 'completion']) {
      expect((await runCli([command, '--help'])).stdout).toMatch(/Examples:\n {2}\S/);
    }
  });
});

describe('pipes and signals', () => {
  it('a reader that has enough ends the command quietly', async () => {
    const child = startCli(['score', '-q', query, '-m', model]);
    let stderr = '';
    child.stderr!.on('data', (text: Buffer) => (stderr += text));
    child.stdin!.on('error', () => {});
    child.stdin!.end(`${documents.join('\n')}\n`.repeat(40));
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each(['rank', 'score'])('Ctrl-C writes out what %s has done', async (command) => {
    const child = startCli([command, ...(command === 'rank' ? [query] : ['-q', query]), '-m', model, '-o', 'jsonl']);
    let stdout = '';
    child.stdout!.on('data', (text: Buffer) => (stdout += text));
    let stderr = '';
    child.stderr!.on('data', (text: Buffer) => (stderr += text));
    child.stdin!.on('error', () => {});
    // Read only as fast as it is scored, so when all is read most is scored. It stays open, as a terminal does.
    await new Promise((resolve) => child.stdin!.write(`${documents.join('\n')}\n`.repeat(40), resolve));
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    expect(stderr).toContain('Interrupted');
    expect(jsonLines(stdout).length).toBeGreaterThanOrEqual(10);
  });

  it('paints nothing into a pipe, and only what NO_COLOR allows', async () => {
    const painted = await runCli(['rank', query, lines(), '-m', model, '-o', 'table'], { env: { FORCE_COLOR: '1', NO_COLOR: '' } });
    expect(painted.stdout).toContain('\u001b[1m');
    for (const env of [{ NO_COLOR: '1', FORCE_COLOR: '1' }, { NO_COLOR: '' }]) {
      const { FORCE_COLOR: _, ...rest } = process.env;
      const plain = await runCli(['rank', query, lines(), '-m', model, '-o', 'table'], { env: { ...(rest as object), FORCE_COLOR: '0', ...env } });
      expect(plain.stdout).not.toContain('\u001b');
      expect(plain.stdout).toMatch(/rank +score +text/);
    }
  });
});

describe('a long file', () => {
  it(`of ${full ? '1,000,000' : '60,000'} lines takes no more memory than a short one`, async () => {
    const short = await peakOf(3_000);
    const long = await peakOf(full ? 1_000_000 : 60_000);
    expect(long.rows).toBe(full ? 1_000_000 : 60_000);
    expect(long.peakMb).toBeLessThan(short.peakMb + 120);
  }, 900_000);

  async function peakOf(count: number): Promise<{ rows: number; peakMb: number }> {
    const path = join(folder, `${count}.txt`);
    const out = createWriteStream(path);
    for (let i = 0; i < count; i++) if (!out.write(`${i} bread stone river\n`)) await once(out, 'drain');
    await new Promise((resolve) => out.end(resolve));
    const peak = file('peak.cjs', `process.on('exit', () => require('node:fs').writeSync(2, 'peak ' + process.resourceUsage().maxRSS))`);
    const child = startCli(['score', '-q', query, path, '-m', model], { env: { NODE_OPTIONS: `--require ${peak}` } });
    let rows = 0;
    let stderr = '';
    child.stdout!.on('data', (text: Buffer) => (rows += text.toString('latin1').split('\n').length - 1));
    child.stderr!.on('data', (text: Buffer) => (stderr += text));
    child.stdin!.end();
    await once(child, 'close');
    return { rows, peakMb: Number(/peak (\d+)/.exec(stderr)![1]) / 1024 };
  }
});

describe('doctor and info', () => {
  it('doctor finds the scores of the starter model right, and writes a report without secrets', async () => {
    const env = { HF_TOKEN: 'hf_verysecret', HF_HUB_CACHE: join(folder, 'cache') };
    const { code, stdout } = await runCli(['doctor', '--report'], { env, cwd: folder });
    expect(code).toBe(0);
    const report = readFileSync(join(folder, 'mlx-rerank-report.md'), 'utf8');
    for (const text of [stdout, report]) {
      expect(text).toContain('published scores within');
      expect(text).toContain(process.version);
      expect(text).toContain('HF_TOKEN');
      expect(text).not.toContain('verysecret');
    }
    expect(report).toMatch(/^# mlx-rerank doctor\n/);
  });

  it('info tells what info() tells', async () => {
    const { stdout } = await runCli(['info', model, '--json']);
    expect(JSON.parse(stdout)).toMatchObject(JSON.parse(JSON.stringify(reranker.info())));
  });
});

describe('completion', () => {
  it('for bash knows commands, options and choices', async () => {
    const { stdout } = await runCli(['completion', 'bash']);
    const script = file('complete.sh', `${stdout}
COMP_WORDS=(mlx-rerank ra); COMP_CWORD=1; _mlx_rerank; echo "\${COMPREPLY[@]}"
COMP_WORDS=(mlx-rerank rank --top); COMP_CWORD=2; _mlx_rerank; echo "\${COMPREPLY[@]}"
COMP_WORDS=(mlx-rerank rank --device g); COMP_CWORD=3; _mlx_rerank; echo "\${COMPREPLY[@]}"`);
    const { execFileSync } = await import('node:child_process');
    expect(existsSync('/bin/bash')).toBe(true);
    expect(execFileSync('/bin/bash', [script], { encoding: 'utf8' })).toBe('rank\n--top-n\ngpu\n');
  });

  it.each(['zsh', 'fish'])('for %s has every command', async (shell) => {
    const { stdout } = await runCli(['completion', shell]);
    for (const command of ['rank', 'score', 'pull', 'info', 'doctor', 'bench']) expect(stdout).toContain(command);
  });
});
