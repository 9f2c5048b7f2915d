import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clone } from './clone.js';
import { zip } from './wheel.js';

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

describe('fetching a wheel', () => {
  let clone: Clone;
  beforeEach(() => {
    clone = new Clone();
  });
  afterEach(() => clone.remove());

  function offer(files: Record<string, string>, sha256?: string) {
    const archive = zip(files);
    clone.write('wheels/toy-1.0-py3-none-any.whl', archive);
    const lock = JSON.parse(readFileSync(clone.path('native.lock.json'), 'utf8'));
    lock.toy = {
      version: '1.0',
      unpack: { 'toy/include/': 'include/' },
      wheels: {
        any: {
          project: 'toy',
          file: 'toy-1.0-py3-none-any.whl',
          size: archive.length,
          sha256: sha256 ?? sha256Of(archive),
          pip: [],
        },
      },
    };
    clone.write('native.lock.json', JSON.stringify(lock));
  }

  it('unpacks what the lock names, with one line; a second run does nothing', async () => {
    offer({ 'toy/include/toy.h': 'int toy;', 'toy/setup.py': 'no' });
    const first = await clone.run('fetch-native-deps.mjs');
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toMatch(/^ {2}toy 1\.0, 0\.0 MB from .*wheels, [\d.]+ s\n$/);
    const header = clone.path('vendor/toy-1.0/include/toy.h');
    expect(readFileSync(header, 'utf8')).toBe('int toy;');
    expect(readdirSync(clone.path('vendor'))).toEqual(['toy-1.0']);
    expect(existsSync(clone.path('vendor/toy-1.0/setup.py'))).toBe(false);

    const before = statSync(header).ino;
    expect(await clone.run('fetch-native-deps.mjs')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(statSync(header).ino).toBe(before);
  });

  it('replaces an older version', async () => {
    clone.write('vendor/toy-0.9/include/toy.h', 'old');
    offer({ 'toy/include/toy.h': 'new' });
    await clone.run('fetch-native-deps.mjs');
    expect(readdirSync(clone.path('vendor'))).toEqual(['toy-1.0']);
  });

  it('refuses a file with another sha256, names both and unpacks nothing', async () => {
    const expected = 'ab'.repeat(32);
    offer({ 'toy/include/toy.h': 'int toy;' }, expected);
    const received = sha256Of(readFileSync(clone.path('wheels/toy-1.0-py3-none-any.whl')));
    const { code, stderr } = await clone.run('fetch-native-deps.mjs');
    expect(code).toBe(1);
    expect(stderr).toContain('toy-1.0-py3-none-any.whl');
    expect(stderr).toContain(`expected sha256 ${expected}`);
    expect(stderr).toContain(`received sha256 ${received}`);
    expect(readdirSync(clone.path('vendor'))).toEqual([]);
  });

  it('refuses an archive that would write outside its folder', async () => {
    offer({ 'toy/include/../../../../escaped.h': 'out' });
    const { code, stderr } = await clone.run('fetch-native-deps.mjs');
    expect(code).toBe(1);
    expect(stderr).toContain('escaped.h');
    expect(existsSync(clone.path('escaped.h'))).toBe(false);
    expect(readdirSync(clone.path('vendor'))).toEqual([]);
  });
});

describe('set-up', () => {
  let clone: Clone;
  beforeEach(() => {
    clone = new Clone();
  });
  afterEach(() => clone.remove());

  const built = () => readFileSync(clone.path('build/Release/mlx_rerank.node'), 'utf8');

  it('names every missing tool with how to get it, and makes nothing', async () => {
    mkdirSync(clone.path('no-tools'));
    const { code, stderr } = await clone.run('setup.mjs', [], { PATH: clone.path('no-tools'), MLX_WHEEL_DIR: '' });
    expect(code).toBe(1);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^A C\+\+20 compiler is missing .*apt-get install g\+\+.*dnf install gcc-c\+\+.*xcode-select/);
    expect(lines[1]).toMatch(/^Python with pip .* is missing .*python3-pip.*dnf.*macOS.*MLX_WHEEL_DIR/);
    expect(existsSync(clone.path('build'))).toBe(false);
  });

  it('builds once; a second run does nothing; a changed source is built again', async () => {
    expect(await clone.run('setup.mjs')).toMatchObject({ code: 0, stdout: '' });
    expect(built()).toBe('built');
    expect(existsSync(clone.path('dist/index.js'))).toBe(true);
    expect(await clone.run('setup.mjs')).toEqual({ code: 0, stdout: '', stderr: '' });

    clone.write('native/addon', 'changed');
    const again = await clone.run('setup.mjs');
    expect(built()).toBe('changed');
    expect(again.stderr).toContain('native addons');
    expect(again.stderr).not.toContain('TypeScript');
  });

  it('shows what the compiler said, and does not take a failed build for a made one', async () => {
    await clone.run('setup.mjs');
    const description = readFileSync(clone.path('CMakeLists.txt'), 'utf8');
    clone.write('CMakeLists.txt', `${description}\nadd_custom_target(broken ALL COMMAND no-such-compiler)\n`
      + 'add_dependencies(mlx_rerank_cpu broken)\n');
    const failed = await clone.run('setup.mjs');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('no-such-compiler');

    clone.write('CMakeLists.txt', description);
    expect((await clone.run('setup.mjs')).stderr).toContain('native addons');
  });

  it('reports a TypeScript error', async () => {
    clone.write('lib/index.ts', 'export const answer: number = "forty-two";\n');
    const { code, stderr } = await clone.run('setup.mjs');
    expect(code).toBe(1);
    expect(stderr).toContain('lib/index.ts(1,14)');
  });
});

describe('npm test', () => {
  const clone = new Clone();
  beforeAll(() => clone.run('setup.mjs', ['--tests']));
  afterAll(() => clone.remove());
  afterEach(() => {
    rmSync(clone.path('test/unit'), { recursive: true, force: true });
    readdirSync(clone.path('build/native-tests')).forEach((name) => rmSync(clone.path('build/native-tests', name)));
  });

  /** A program that behaves like a GoogleTest one: one test for each result, a report, an exit code. */
  function nativeTest(name: string, results: Array<'pass' | 'fail' | 'skip'>, ending: string) {
    const cases = results.map((result) => ({
      status: 'RUN',
      result: result === 'skip' ? 'SKIPPED' : 'COMPLETED',
      ...(result === 'fail' && { failures: [{ failure: 'expected' }] }),
    }));
    clone.write(`build/native-tests/${name}`, [
      '#!/bin/sh',
      `printf '%s' '${JSON.stringify({ testsuites: [{ testsuite: cases }] })}' > "\${2#--gtest_output=json:}"`,
      ending,
    ].join('\n'), 0o755);
  }

  it('adds up the counts of vitest and of the native tests, and fails with a native failure', async () => {
    clone.write('test/unit/stand-in.test.ts', `
      import { expect, it } from 'vitest';
      it.each([1, 2])('passes %i', (n) => expect(n).toBe(n));
      it.skip('is skipped', () => {});
    `);
    nativeTest('good', ['pass', 'pass', 'skip'], 'exit 0');
    nativeTest('bad', ['pass', 'fail'], 'exit 1');
    const { code, stdout } = await clone.run('test.mjs', ['--only', 'unit', '--only', 'gtest']);
    expect(lastLine(stdout)).toBe('5 passed, 1 failed');
    expect(stdout).toContain('\n2 skipped\n');
    expect(code).toBe(1);

    nativeTest('bad', ['pass', 'pass'], 'exit 0');
    const repaired = await clone.run('test.mjs', ['--only', 'unit', '--only', 'gtest']);
    expect(lastLine(repaired.stdout)).toBe('6 passed, 0 failed');
    expect(repaired.code).toBe(0);
  });

  it('counts a native test program that crashes as a failure', async () => {
    nativeTest('crash', ['pass'], 'kill -ABRT $$');
    const { code, stdout } = await clone.run('test.mjs', ['--only', 'gtest']);
    expect(lastLine(stdout)).toBe('1 passed, 1 failed');
    expect(stdout).toContain('SIGABRT');
    expect(code).toBe(1);
  });

  it('counts every test file that does not load as a failure', async () => {
    clone.write('test/unit/broken.test.ts', 'throw new Error("does not load");');
    clone.write('test/unit/hook.test.ts', `
      import { beforeAll, it } from 'vitest';
      beforeAll(() => { throw new Error('no preparation'); });
      it('never runs', () => {});
    `);
    const { code, stdout } = await clone.run('test.mjs', ['--only', 'unit']);
    expect(lastLine(stdout)).toBe('0 passed, 2 failed');
    expect(code).toBe(1);
  });

  it('fails when there was nothing to run', async () => {
    const { code, stdout } = await clone.run('test.mjs', ['--only', 'gtest']);
    expect(stdout).toContain('no native test ran');
    expect(lastLine(stdout)).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });
});
