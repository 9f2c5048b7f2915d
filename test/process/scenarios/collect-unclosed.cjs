// A model nobody holds: its batches in flight still end well, and collecting it harms nothing.
const { load, longBatch, sequencesOfLongBatch, shortBatch, sleep, fail } = require('./model.cjs');

(async () => {
  for (let round = 0; round < 5; round++) {
    const scores = (await load()).score(longBatch());
    const queued = (await load()).score(shortBatch());
    for (let i = 0; i < 3; i++) {
      global.gc();
      await sleep(1);
    }
    if ((await scores).length !== sequencesOfLongBatch || (await queued).length !== 3) fail('wrong number of scores');
  }
})();
