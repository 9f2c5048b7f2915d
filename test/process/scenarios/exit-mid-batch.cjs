const { load, longBatch } = require('./model.cjs');

load().then((model) => {
  for (let i = 0; i < 3; i++) model.score(longBatch(), () => {});
  setTimeout(() => process.exit(7), Math.random() * 60);
});
