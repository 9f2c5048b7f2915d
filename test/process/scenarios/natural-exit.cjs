// An open, idle model keeps nothing alive; a batch in flight does, until it is settled.
const { load, longBatch, fail } = require('./model.cjs');

let settled = false;
process.on('exit', () => settled || fail('the process ended before its batch'));
load().then(async (model) => {
  await model.score(longBatch());
  settled = true;
});
