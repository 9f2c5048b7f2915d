const { load, longBatch } = require('./model.cjs');

process.on('uncaughtException', () => process.exit(7));
load().then((model) => {
  model.score(longBatch(), () => {});
  setTimeout(() => {
    throw new Error('mid-batch');
  }, Math.random() * 40);
});
