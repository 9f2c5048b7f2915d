import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxProblems } from '../../scripts/pack/check-linux.mjs';
import { nodeBinary, repository, tool } from './tools.js';

const packed = join(repository, 'build', 'packages');
const run = promisify(execFile);
const { version, dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const names = ['mlx-rerank', ...['linux-x64', 'linux-arm64', 'darwin-arm64', 'starter'].map((name) => `@mlx-rerank/${name}`)];
const tarball = (name: string) => join(packed, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
const listed = (name: string) =>
  execFileSync('tar', ['-tzf', tarball(name)], { encoding: 'utf8' }).trim().split('\n').map((file) => file.replace('package/', '')).sort();

const unpacked = mkdtempSync(join(tmpdir(), 'mlx-rerank-packages-'));
const read = (name: string, file: string) => readFileSync(join(unpacked, name, 'package', file));
beforeAll(async () => {
  for (const name of names) {
    await run('mkdir', ['-p', join(unpacked, name)]);
    await run('tar', ['-xzf', tarball(name), '-C', join(unpacked, name)]);
  }
});
afterAll(() => rmSync(unpacked, { recursive: true }));

describe('the main package', () => {
  it('holds compiled code and words about it, nothing else', () => {
    const compiled = /^dist\/[\w/-]+\.(js|mjs|d\.ts|d\.mts)$/;
    expect(listed('mlx-rerank').filter((file) => !compiled.test(file))).toEqual([
      'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'THIRD_PARTY_NOTICES', 'models/known.json', 'package.json',
    ]);
    expect(listed('mlx-rerank')).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.mjs', 'dist/tokenizer/worker.js', 'dist/cli/main.js']));
    const comments = listed('mlx-rerank').filter((file) => compiled.test(file) && read('mlx-rerank', file).includes('sourceMappingURL'));
    expect(comments).toEqual([]);
  });

  it('installs without running anything, and names the packages of the platforms', () => {
    const manifest = JSON.parse(String(read('mlx-rerank', 'package.json')));
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest).not.toHaveProperty('devDependencies');
    expect(manifest).not.toHaveProperty('gypfile');
    expect(manifest).toMatchObject({
      version,
      dependencies,
      optionalDependencies: {
        '@mlx-rerank/linux-x64': version, '@mlx-rerank/linux-arm64': version, '@mlx-rerank/darwin-arm64': version,
      },
      peerDependenciesMeta: { '@mlx-rerank/starter': { optional: true } },
    });
  });
});

it("the repository's own manifest names no package that a stranger could publish", () => {
  expect(readFileSync(join(repository, 'package.json'), 'utf8')).not.toContain('@mlx-rerank/');
  expect(readFileSync(join(repository, 'package-lock.json'), 'utf8')).not.toContain('@mlx-rerank/');
});

describe('every package', () => {
  it.each(names)('%s carries our licence, those of what is in it, one version and no scripts', (name) => {
    const manifest = JSON.parse(String(read(name, 'package.json')));
    expect(manifest).toMatchObject({ name, version });
    expect(manifest.scripts).toBeUndefined();
    expect(listed(name)).toEqual(expect.arrayContaining(['LICENSE', 'THIRD_PARTY_NOTICES']));
    expect(listed(name).filter((file) => file.startsWith('/') || file.includes('..'))).toEqual([]);
  });

  it.each([
    ['@mlx-rerank/linux-x64', ['JSON for Modern C++', 'node-addon-api', 'libc++'], ['metal-cpp', 'MLX']],
    ['@mlx-rerank/darwin-arm64', ['MLX', 'metal-cpp', '{fmt}', 'PocketFFT', 'JSON for Modern C++'], ['libc++abi']],
    ['@mlx-rerank/starter', ['all-MiniLM-L6-v2'], ['JSON for Modern C++']],
  ])('%s has the right notices', (name, present, absent) => {
    const notices = String(read(name, 'THIRD_PARTY_NOTICES'));
    for (const part of present) expect(notices).toContain(part);
    for (const part of absent) expect(notices).not.toContain(`\n${part}`);
  });
});

describe('the packages of the platforms', () => {
  it.each([
    ['linux-x64', 'linux', 'x64', ['mlx_rerank_cpu.node']],
    ['linux-arm64', 'linux', 'arm64', ['mlx_rerank_cpu.node']],
    ['darwin-arm64', 'darwin', 'arm64', ['libmlx.dylib', 'mlx.metallib', 'mlx_rerank.node']],
  ])('%s holds its addon in one folder and installs only there', (platform, os, cpu, files) => {
    const name = `@mlx-rerank/${platform}`;
    const rest = ['LICENSE', 'THIRD_PARTY_NOTICES', 'package.json'];
    expect(listed(name)).toEqual([...files, ...rest].sort());
    const manifest = JSON.parse(String(read(name, 'package.json')));
    expect(manifest).toMatchObject({ os: [os], cpu: [cpu], preferUnplugged: true });
    expect(manifest.libc).toEqual(os === 'linux' ? ['glibc'] : undefined);
  });

  it.each(['x64', 'arm64'])('Linux %s runs on glibc 2.28 and needs no other library', (arch) => {
    expect(linuxProblems(read(`@mlx-rerank/linux-${arch}`, 'mlx_rerank_cpu.node'), arch)).toEqual([]);
  });

  it('a build of this machine would be refused: it needs the C++ library and a younger glibc', () => {
    const problems = linuxProblems(readFileSync(join(repository, 'build/Release/mlx_rerank_cpu.node')), 'arm64').join('\n');
    expect(problems).toContain('it is for x64, not for arm64');
    expect(problems).toContain('libstdc++.so.6');
    expect(problems).toMatch(/GLIBC(XX)?_/);
  });
});

describe('linters of packages', () => {
  it('publint finds nothing', async () => {
    const { stdout, stderr } = await run(process.execPath, [tool('publint/src/cli.js'), 'run', tarball('mlx-rerank'), '--strict']);
    expect(stdout + stderr).toMatch(/All good!/);
  });

  it('arethetypeswrong finds nothing', async () => {
    const program = tool('@arethetypeswrong/cli/dist/index.js');
    const options = ['--entrypoints', '.', '--format', 'json'];
    const { stdout } = await run(nodeBinary('22'), [program, tarball('mlx-rerank'), ...options], { maxBuffer: 1 << 26 });
    const { problems } = JSON.parse(stdout) as { problems: unknown };
    expect(problems).toEqual({});
  });
});

it('build/packages holds nothing else', () => {
  expect(readdirSync(packed).filter((file) => file.endsWith('.tgz')).map((file) => join(packed, file)).sort()).toEqual(names.map(tarball).sort());
});
