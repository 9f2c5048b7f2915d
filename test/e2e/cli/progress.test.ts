import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { query, tinyFolder } from '../tiny-reranker.js';
import { runCli } from './run-cli.js';

const python = process.env.PYTHON ?? 'python3';
const hasTerminals = canRun('import pty');
if (!hasTerminals) console.warn(`SKIPPED: ${python} cannot make a terminal, so progress bars were not tried. Name another with PYTHON.`);

const bar = / =+-+ \d+% \| /;
const clearLine = '\u001b[2K';
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const lines = 8_000;
let args: string[];

function canRun(code: string): boolean {
  try {
    execFileSync(python, ['-c', code], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(() => {
  // A second of work on any machine, so that it outlasts the patience of the bar.
  const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-')), 'documents.txt');
  const text = 'river mountain stone bread egg milk '.repeat(20);
  writeFileSync(file, Array.from({ length: lines }, (_, i) => `${i} ${text}`).join('\n'));
  args = ['score', '--query', query, file, '--threads', '1', '--model', tinyFolder()];
});

/** What a terminal on standard error shows. */
async function onTerminal(streams: 'stderr' | 'all', command: readonly string[]): Promise<string> {
  const terminal = join(import.meta.dirname, 'terminal.py');
  const cli = join(process.cwd(), 'dist', 'cli', 'main.js');
  const whole = [terminal, streams, process.execPath, cli, ...command];
  return (await promisify(execFile)(python, whole, { maxBuffer: 1 << 26 })).stdout;
}

describe.skipIf(!hasTerminals)('a progress bar', () => {
  it('shows on a terminal while work takes long, with what is done, and is gone at the end', async () => {
    const seen = await onTerminal('stderr', args);
    expect(seen).toMatch(bar);
    const scored = [...seen.matchAll(/(\d+)% \| (\d+) scored/g)].map(([, percent, count]) => [Number(percent), Number(count)] as const);
    expect(scored.length).toBeGreaterThan(1);
    for (const [i, [percent, count]] of scored.entries()) {
      expect(percent).toBeLessThanOrEqual(100);
      expect(count).toBeGreaterThanOrEqual(scored[i - 1]?.[1] ?? 0);
    }
    expect(seen.split(hideCursor).length).toBe(seen.split(showCursor).length);
    expect(seen.slice(seen.lastIndexOf('scored'))).toContain(clearLine);
  });

  it('does not show for work that is done at once', async () => {
    expect(await onTerminal('stderr', ['completion', 'bash'])).toBe('');
    const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-')), 'short.txt');
    writeFileSync(file, 'bread\n');
    expect(await onTerminal('stderr', ['rank', query, file, '-m', args.at(-1)!])).toBe('');
  });

  it('shows a table on standard output that is a terminal', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-')), 'short.txt');
    writeFileSync(file, 'bread\n');
    expect(await onTerminal('all', ['rank', query, file, '-m', args.at(-1)!])).toMatch(/rank.*score.*text/);
  });
});

it('a progress bar does not show in a pipe', async () => {
  const { stdout, stderr } = await runCli(args);
  expect(stdout.trimEnd().split('\n')).toHaveLength(lines);
  expect(stderr).toBe('');
});
