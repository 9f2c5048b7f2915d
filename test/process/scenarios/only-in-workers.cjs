// The addon lives in workers alone: when the last one ends the engine rests, and the next one wakes it.
const { Worker, isMainThread } = require('node:worker_threads');

if (isMainThread) {
  (async () => {
    for (let i = 0; i < 4; i++) {
      const worker = new Worker(__filename, { argv: process.argv.slice(2), execArgv: [] });
      const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
      if (i % 2) {
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      }
      await ended;
    }
  })();
} else {
  const { parentPort } = require('node:worker_threads');
  const { load, shortBatch, longBatch } = require('./model.cjs');
  load().then(async (model) => {
    await model.score(shortBatch());
    const last = model.score(longBatch(), () => {});
    parentPort.postMessage('scoring');
    await last;
  });
}
