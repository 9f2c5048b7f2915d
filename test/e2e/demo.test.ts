import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(__dirname, '../..');

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The demo as `npm start` runs it: in the package's folder, with the caller's own in INIT_CWD. */
function demo(args: string[], options: { from?: string; input?: string } = {}): Promise<Run> {
  return new Promise((done, reject) => {
    const env = { ...process.env, INIT_CWD: options.from ?? root };
    const child = spawn(process.execPath, ['examples/rank.mjs', ...args], { cwd: root, env });
    const run = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (run.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (run.stderr += text));
    child.on('error', reject).on('close', (code) => done({ code, ...run }));
    child.stdin.end(options.input ?? '');
  });
}

describe('the demo', () => {
  it('ranks its passages for its question, and says what ran and what is stronger', async () => {
    const { code, stdout, stderr } = await demo([]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('how do volcanoes form?');
    expect(stdout).toMatch(/^ +1 +0\.\d{4} +Most volcanoes form where/m);
    expect(stdout).toMatch(/^ +10 +0\.\d{4}/m);
    expect(stdout).not.toMatch(/^ +11 /m);
    expect(stdout).toMatch(/Model starter on cpu .*path cpu.*float32.*: 21 pairs in \d+ ms, \d+ pairs\/s\./);
    expect(stdout).toContain('cross-encoder/ms-marco-MiniLM-L6-v2');
  });

  it('ranks the lines of a file, by a path as the caller meant it', async () => {
    const from = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
    const long = 'bees and bread '.repeat(300);
    writeFileSync(join(from, 'mine.txt'), `Bread keeps in a bag.\nBees fly by the sun.\n\n${long}\n`.replace('\n\n', '\n'));
    const { code, stdout } = await demo(['how do bees fly?', 'mine.txt', '--top-n', '1'], { from });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +1 +\d\.\d{4} +Bees fly by the sun\./m);
    expect(stdout).not.toMatch(/^ +2 /m);
    expect(stdout).toContain('3 pairs in');
    expect(stdout).toContain('1 of the pairs had more than 512 tokens');
  });

  it('ranks the paragraphs of its input', async () => {
    const { code, stdout } = await demo(['how do bees fly?', '-'], {
      input: 'Bread keeps\nin a bag.\n\nBees fly\nby the sun.\n',
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +1 +\d\.\d{4} +Bees fly by the sun\.$/m);
    expect(stdout).toContain('2 pairs in');
  });

  it.each<[string, string[], RegExp]>([
    ['a file that is not there', ['q', 'none.txt'], /none\.txt/],
    ['no passages', ['q', '-'], /No passages/],
    ['a model that is not there', ['--model', './none'], /none/],
    ['an odd count', ['--top-n', 'few'], /--top-n/],
    ['an unknown option', ['--fast'], /--fast/],
  ])('says what is wrong with %s, without a stack', async (_, args, message) => {
    const { code, stdout, stderr } = await demo(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
