import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

let consumer: string;

// A project of someone else's, with the package in its node_modules.
beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), 'mlx-rerank-'));
  mkdirSync(join(consumer, 'node_modules', '@types'), { recursive: true });
  symlinkSync(root, join(consumer, 'node_modules', 'mlx-rerank'), 'dir');
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(consumer, 'node_modules', '@types', 'node'), 'dir');
  writeFileSync(join(consumer, 'package.json'), '{}');
});

/** Runs a program in that project; the last line it prints is JSON. */
async function program(name: string, code: string): Promise<unknown> {
  writeFileSync(join(consumer, name), code);
  const { stdout, stderr } = await run(process.execPath, [name], { cwd: consumer });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('import and require', () => {
  it('hand out the same instance', async () => {
    const same = await program(
      'both.mjs',
      `import * as esm from 'mlx-rerank';
       import { createRequire } from 'node:module';
       const cjs = createRequire(import.meta.url)('mlx-rerank');
       console.log(JSON.stringify({
         names: [Object.keys(esm).sort(), Object.keys(cjs).sort()],
         same: Object.keys(esm).map((name) => esm[name] === cjs[name]),
       }));`,
    );
    const names = ['ERROR_CODES', 'Reranker', 'RerankerError', 'cacheFolder', 'checkScores', 'pull'];
    expect(same).toEqual({ names: [names, names], same: names.map(() => true) });
  });

  it('are silent, load no addon and start no thread', async () => {
    const code = (load: string) => `${load}
      const report = process.report.getReport();
      console.log(JSON.stringify({
        addons: report.sharedObjects.filter((file) => file.endsWith('.node')),
        threads: report.workers.length,
      }));`;
    const nothing = { addons: [], threads: 0 };
    expect(await program('import.mjs', code(`import 'mlx-rerank';`))).toEqual(nothing);
    expect(await program('require.cjs', code(`require('mlx-rerank');`))).toEqual(nothing);
  });

  it.each([
    ['rank.mjs', `import { Reranker } from 'mlx-rerank';`],
    ['rank.cjs', `const { Reranker } = require('mlx-rerank');`],
  ])('rank and let the process end by itself: %s', async (name, load) => {
    const results = await program(
      name,
      `${load}
       Reranker.load('starter')
         .then((reranker) => reranker.rank('how do bees fly?', ['Bread keeps in a bag.', 'Bees fly by the sun.']))
         .then((results) => console.log(JSON.stringify(results)));`,
    );
    expect(results).toMatchObject([{ index: 1 }, { index: 0 }]);
  });

  it.each(['browser', 'edge-light', 'workerd'])('throw one clear line where the condition is %s', async (condition) => {
    for (const [name, code] of [['one.mjs', `import 'mlx-rerank';`], ['one.cjs', `require('mlx-rerank');`]] as const) {
      writeFileSync(join(consumer, name), code);
      const failed = run(process.execPath, [`--conditions=${condition}`, name], { cwd: consumer });
      await expect(failed).rejects.toThrow(/Error: mlx-rerank runs in Node .* not in a browser or an edge runtime/);
    }
  });

  it('keep the inside of the package to itself', async () => {
    const codes = await program(
      'inside.cjs',
      `const code = (name) => { try { require(name); } catch (error) { return error.code; } };
       console.log(JSON.stringify(['mlx-rerank/dist/reranker.js', 'mlx-rerank/lib/reranker.ts'].map(code)));`,
    );
    expect(codes).toEqual(['ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
    const version = await program('version.cjs', `console.log(JSON.stringify(require('mlx-rerank/package.json').version));`);
    expect(version).toBe((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version);
  });
});

describe('the types', () => {
  const use = `
    async function main(): Promise<number> {
      const reranker: Reranker = await Reranker.load('starter');
      const results = await reranker.rank('q', [{ text: 'a', id: 1 }], { topN: 5 });
      for await (const { index, score } of reranker.scoreStream('q', ['a'])) console.log(index, score);
      await reranker.close();
      return results[0]!.document.id;
    }
    main().catch((error: unknown) => { if (error instanceof RerankerError) console.log(error.code); });`;

  it('check in a strict consumer of either kind, declarations included', async () => {
    const named = `import { Reranker, RerankerError } from 'mlx-rerank';`;
    const required = `import mlxRerank = require('mlx-rerank');
      const { Reranker, RerankerError } = mlxRerank;
      type Reranker = mlxRerank.Reranker;`;
    const files = { 'esm.mts': named + use, 'cjs.cts': named + use, 'require.cts': required + use };
    for (const [name, code] of Object.entries(files)) writeFileSync(join(consumer, name), code);
    const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await run(process.execPath, [tsc, ...options, ...Object.keys(files)], { cwd: consumer }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
