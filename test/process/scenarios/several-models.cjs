// Models interleaved, shared, and closed at different times give what each gives alone.
const { load, shortBatch, fail } = require('./model.cjs');

(async () => {
  const alone = await load();
  const expected = String(await alone.score(shortBatch()));
  const models = await Promise.all(Array.from({ length: 4 }, (_, i) => load({ threads: 1 + (i % 2) })));
  const calls = Array.from({ length: 40 }, (_, i) => models[i % 4].score(shortBatch()));
  const scores = await Promise.all(calls);
  await models[0].close();
  scores.push(await models[1].score(shortBatch()), await alone.score(shortBatch()));
  for (const each of scores) if (String(each) !== expected) fail(`${each} instead of ${expected}`);
})();
