import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linuxProblems } from '../../scripts/pack/check-linux.mjs';
import { publishedManifest } from '../../scripts/pack/main-package.mjs';
import { stageModel } from '../../scripts/pack/model-package.mjs';
import { noticesOf } from '../../scripts/pack/notices.mjs';

const root = resolve(__dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the published manifest', () => {
  it('alone names the packages of the platforms, all of its own version', () => {
    const published = publishedManifest(manifest);
    expect(Object.values(published.optionalDependencies)).toEqual(Array(3).fill(manifest.version));
    expect(published.dependencies).toEqual(manifest.dependencies);
    for (const key of ['scripts', 'devDependencies', 'gypfile']) expect(published).not.toHaveProperty(key);
    expect(readFileSync(join(root, 'package.json'), 'utf8')).not.toContain('@mlx-rerank/');
  });
});

describe('notices', () => {
  it('of a package are those of what is in it', () => {
    expect(noticesOf('@mlx-rerank/linux-x64')).toContain('JSON for Modern C++');
    expect(noticesOf('@mlx-rerank/linux-x64')).not.toContain('metal-cpp');
    expect(noticesOf('@mlx-rerank/darwin-arm64')).toContain('metal-cpp');
    expect(noticesOf('@mlx-rerank/unheard-of')).toContain('holds no work of others');
  });

  it('name every dependency of the main package', () => {
    for (const name of Object.keys(manifest.dependencies)) expect(noticesOf('mlx-rerank')).toContain(`\n${name} `);
  });
});

describe('an addon for Linux', () => {
  it.runIf(process.platform === 'linux')('is refused when it asks for what old systems do not have', () => {
    const built = readFileSync(join(root, 'build/Release/mlx_rerank_cpu.node'));
    const other = process.arch === 'x64' ? 'arm64' : 'x64';
    const problems = linuxProblems(built, other).join('\n');
    expect(problems).toContain(`it is for ${process.arch}, not for ${other}`);
    expect(problems).toContain('libstdc++.so.6');
    expect(problems).toContain('GLIBCXX_');
    expect(problems).toContain('the newest allowed is GLIBC_2.28');
  });

  it('is refused when it is none', () => {
    expect(() => linuxProblems(Buffer.alloc(100), 'x64')).toThrow('not a 64-bit ELF file');
  });
});

describe('a model package', () => {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const description = (files: Record<string, string>) => ({
    package: '@mlx-rerank/some-model', license: 'Apache-2.0', about: 'A model.', model: 'owner/some-model', revision: '0'.repeat(40), files,
  });

  it('holds the files of its description, and says which commit they are of', () => {
    const from = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
    for (const name of ['config.json', 'left-out.bin']) writeFileSync(join(from, name), name);
    const folder = stageModel(description({ 'config.json': hash('config.json') }), from);
    const packed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(packed).toMatchObject({ name: '@mlx-rerank/some-model', license: 'Apache-2.0', model: { id: 'owner/some-model', revision: '0'.repeat(40) } });
    expect(packed.files).not.toContain('left-out.bin');
    expect(execFileSync(process.execPath, ['-p', `require(${JSON.stringify(folder)}).folder`], { encoding: 'utf8' }).trim()).toBe(folder);
  });

  it('is refused when a file is another one', () => {
    const from = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
    writeFileSync(join(from, 'config.json'), 'changed');
    expect(() => stageModel(description({ 'config.json': hash('config.json') }), from)).toThrow(/is another file: expected sha256/);
  });
});
