// Each batch says once that it is under way, before it is done, in the order in which they were sent.
const { load, longBatch, shortBatch, fail } = require('./model.cjs');

async function main() {
  const model = await load();
  const log = [];
  const send = (name, batch) =>
    model.score(batch, () => log.push(`${name} begins`)).then(
      () => log.push(`${name} ends`),
      (error) => log.push(`${name} ${error.code}`),
    );
  await Promise.all([send('a', longBatch()), send('b', longBatch()), send('c', shortBatch())]);
  const wanted = { begins: 'abc', ends: 'abc' };
  for (const [what, order] of Object.entries(wanted)) {
    const names = log.filter((line) => line.endsWith(what)).map((line) => line[0]);
    if (names.join('') !== order) fail(`${what}: ${log}`);
  }
  for (const name of 'abc') if (log.indexOf(`${name} begins`) > log.indexOf(`${name} ends`)) fail(`${name}: ${log}`);

  log.length = 0;
  const foreign = shortBatch();
  foreign.inputIds[0] = -1;
  await send('refused', foreign);
  if (String(log) !== 'refused ERR_INVALID_ARGUMENT') fail(String(log));
  await model.score(shortBatch());
}

main();
