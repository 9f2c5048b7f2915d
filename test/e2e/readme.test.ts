import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../dist/index.js';

const root = resolve(__dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code!);

// Inside the package its own name resolves to it, so the blocks run as they stand.
const folder = join(root, 'build', 'readme');
mkdirSync(folder, { recursive: true });

describe('the README', () => {
  it('has code blocks, all of a language that a test knows', () => {
    expect(blocks.length).toBeGreaterThan(3);
    const languages = [...readme.matchAll(/^```(\w+)/gm)].map(([, language]) => language);
    expect(new Set(languages)).toEqual(new Set(['js', 'sh']));
  });

  it.each(blocks.map((code, i) => [i + 1, code] as const))('code block %i runs on plain Node', async (number, code) => {
    const file = join(folder, `block-${number}.mjs`);
    writeFileSync(file, code);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: root });
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
  });

  it('lists every error code', () => {
    for (const code of ERROR_CODES) expect(readme).toContain(`\`${code}\``);
  });

  it('links to files that exist', () => {
    for (const [, link] of readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
      expect(() => readFileSync(join(root, link!)), link).not.toThrow(/ENOENT/);
    }
  });
});
