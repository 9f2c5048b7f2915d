import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What every script starts with. `encoded` is what the one right answer looks like. */
const prelude = `
  const { Tokenizer } = require(${JSON.stringify(join(root, 'dist/tokenizer/tokenizer.js'))});
  const workers = [];
  process.on('worker', (worker) => workers.push(worker));
  const starter = { tokenizerJson: ${JSON.stringify(join(root, 'models/starter/tokenizer.json'))} };
  const options = { maxLength: 64, truncation: 'longest-first', typeVocabSize: 2 };
  const pairs = (count, text = 'magma') => ({ count, query: () => 'volcano', document: () => text });
  async function encode(tokenizer, source) {
    let tokens = 0;
    for await (const { inputIds } of tokenizer.encode(source, options)) tokens += inputIds.length;
    return tokens;
  }
  const codeOf = (promise) => promise.then(() => 'none', ({ code }) => code);
`;

/** Runs a script to its end; a process that stays alive fails by the test's time-out. */
function run(
  script: string,
  flags: string[] = [],
): Promise<{ exit: number; stdout: string; stderr: string }> {
  const args = [...flags, '-e', `${prelude}(async () => {${script}})();`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({
        exit: error ? (typeof error.code === 'number' ? error.code : -1) : 0,
        stdout: stdout.trim(),
        stderr,
      });
    });
  });
}

const clean = (stdout: string) => ({ exit: 0, stdout, stderr: '' });

it('does not keep the process alive when idle, closed or not', async () => {
  const result = await run(`
    const [open, closed] = await Promise.all([Tokenizer.load(starter), Tokenizer.load(starter)]);
    closed.close();
    console.log(await encode(open, pairs(3)));
  `);
  expect(result).toEqual(clean('15'));
});

it('keeps the process alive while a pull waits, and not for a call that nobody waits for', async () => {
  const result = await run(`
    const tokenizer = await Tokenizer.load(starter);
    const paused = tokenizer.encode(pairs(100_000), options);
    await paused.next();
    console.log(await encode(tokenizer, pairs(40, '\\u0301'.repeat(300_000))));
  `);
  expect(result).toEqual(clean('160'));
});

it('has one thread for all tokenizers of an environment', async () => {
  const result = await run(`
    const two = await Promise.all([Tokenizer.load(starter), Tokenizer.load(starter)]);
    two.push(await Tokenizer.load(starter));
    await Promise.all(two.map((tokenizer) => encode(tokenizer, pairs(100))));
    two.forEach((tokenizer) => tokenizer.close());
    await Tokenizer.load(starter);
    console.log(workers.length);
  `);
  expect(result).toEqual(clean('1'));
});

it('does not hand the flags of the process on to the thread', async () => {
  const marker = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-flags-')), 'marker.cjs');
  writeFileSync(marker, 'console.log("preloaded")');
  const result = await run(`console.log(await encode(await Tokenizer.load(starter), pairs(1)));`, [
    '--require',
    marker,
  ]);
  expect(result).toEqual(clean('preloaded\n5'));
});

it('fails the calls of a thread that dies, and starts another for the next', async () => {
  const result = await run(`
    const [one, two] = await Promise.all([Tokenizer.load(starter), Tokenizer.load(starter)]);
    const paused = two.encode(pairs(100_000), options);
    await paused.next();
    const running = [encode(one, pairs(100_000)), encode(two, pairs(100_000))].map(codeOf);
    const loading = codeOf(Tokenizer.load(starter));
    await workers[0].terminate();
    console.log(await Promise.all([...running, loading, codeOf(paused.next())]));
    console.log(await Promise.all([encode(one, pairs(3)), encode(two, pairs(3)), encode(two, pairs(4))]), workers.length);
    await workers[1].terminate();
    const three = await Tokenizer.load(starter);
    console.log(await encode(three, pairs(3)), await encode(one, pairs(3)), workers.length);
  `);
  expect(result).toEqual(
    clean(`[ 'ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED' ]\n[ 15, 15, 20 ] 2\n15 15 3`),
  );
});

it('says so when the thread ran out of memory', async () => {
  const result = await run(`
    const tokenizer = await Tokenizer.load(starter);
    const running = encode(tokenizer, pairs(100_000)).catch((error) => error);
    workers[0].emit('error', Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
    await workers[0].terminate();
    const { code, cause } = await running;
    console.log(code, cause.message);
  `);
  expect(result).toEqual(clean('ERR_OUT_OF_MEMORY heap'));
});

it('refuses to go on with a tokenizer.json that has changed since it was loaded', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mlx-rerank-changed-')), 'tokenizer.json');
  copyFileSync(join(root, 'models/starter/tokenizer.json'), file);
  const result = await run(`
    const file = ${JSON.stringify(file)};
    const tokenizer = await Tokenizer.load({ tokenizerJson: file });
    require('node:fs').appendFileSync(file, '\\n');
    console.log(await encode(tokenizer, pairs(1)));
    await workers[0].terminate();
    console.log(await codeOf(encode(tokenizer, pairs(1))));
  `);
  expect(result).toEqual(clean('5\nERR_MODEL_CORRUPT'));
});

it('finishes a call whose tokenizer was collected', async () => {
  const result = await run(
    `
    const call = (await Tokenizer.load(starter)).encode(pairs(2000), options);
    let tokens = 0;
    for await (const { inputIds } of call) {
      tokens += inputIds.length;
      gc();
      await new Promise(setImmediate);
    }
    console.log(tokens);
  `,
    ['--expose-gc'],
  );
  expect(result).toEqual(clean('10000'));
});

it('works in a worker thread of the user, and dies with it alone', async () => {
  const inside = `${prelude}
    Tokenizer.load(starter).then(async (tokenizer) => {
      const tokens = await encode(tokenizer, pairs(3));
      require('node:worker_threads').parentPort.postMessage(tokens);
      await encode(tokenizer, pairs(1e9));
    });`;
  const result = await run(`
    const { Worker } = require('node:worker_threads');
    const tokenizer = await Tokenizer.load(starter);
    const user = new Worker(${JSON.stringify(inside)}, { eval: true });
    console.log(await new Promise((resolve) => user.once('message', resolve)));
    await user.terminate();
    console.log(await encode(tokenizer, pairs(3)));
  `);
  expect(result).toEqual(clean('15\n15'));
});
