// What runs is finished, what waits is refused, and every promise settles.
const { load, longBatch, fail } = require('./model.cjs');

(async () => {
  const model = await load();
  const calls = Array.from({ length: 4 }, () => model.score(longBatch(), () => {}));
  const outcomes = Promise.allSettled(calls);
  await Promise.all([model.close(), model.close()]);
  const codes = (await outcomes).map(({ status, reason }) => (status === 'fulfilled' ? 'scored' : reason.code));
  if (!codes.every((code) => code === 'scored' || code === 'ERR_CLOSED')) fail(`outcomes ${codes}`);
  if (codes.at(-1) !== 'ERR_CLOSED') fail('the last batch was computed although the model was closed');
  const late = await model.score(longBatch(), () => {}).catch((error) => error.code);
  if (late !== 'ERR_CLOSED') fail(`score after close gave ${late}`);
})();
