// Worker threads score side by side, end in every way there is, and leave the main thread working.
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { load, longBatch, shortBatch, sleep, fail } = require('./model.cjs');

const start = (ending) => new Worker(__filename, { argv: process.argv.slice(2), workerData: ending, execArgv: [] });
const nextMessage = (worker) => new Promise((resolve) => worker.once('message', resolve));
const exited = (worker) =>
  new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));

async function main() {
  const before = String(await (await load()).score(shortBatch()));
  const [natural, exiting, terminated] = ['natural', 'exit', 'terminate'].map(start);
  const ends = [natural, exiting, terminated].map(exited);
  const scores = await Promise.all([natural, exiting, terminated].map(nextMessage));
  await sleep(Math.random() * 30);
  await terminated.terminate();
  if ((await Promise.all(ends))[1] !== 7) fail('the exiting worker lost its code');
  const after = String(await (await load()).score(shortBatch()));
  for (const each of [...scores, after]) if (each !== before) fail(`${each} instead of ${before}`);
}

async function worker(ending) {
  const model = await load();
  const scores = String(await model.score(shortBatch()));
  const last = model.score(longBatch(), () => {});
  if (ending === 'terminate') for (let i = 0; i < 3; i++) model.score(longBatch(), () => {});
  parentPort.postMessage(scores);
  if (ending === 'natural') await last;
  if (ending === 'exit') process.exit(7);
}

if (isMainThread) main();
else worker(workerData);
