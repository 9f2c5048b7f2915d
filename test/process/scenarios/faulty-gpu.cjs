// Scores on a GPU that fails as FAULTY_GPU says, loads again, and says how everything ended.
const { Worker, isMainThread } = require('node:worker_threads');

const [addonFile, folder, ending] = process.argv.slice(2);
const addon = require(addonFile);
const load = (device) => addon.load(folder, { device, path: 'auto', dtype: 'float32', tokenizerSize: 0 });

const lengths = [3, 17, 8];
const batch = (first) => ({
  inputIds: Int32Array.from({ length: 28 }, (_, i) => 200 + ((first * 31 + i * 7) % 300)),
  tokenTypeIds: new Uint8Array(28),
  offsets: Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))]),
});
const batches = Array.from({ length: 6 }, (_, i) => batch(i));
const outcomeOf = (expected) => ({ status, value, reason }, i) =>
  status === 'rejected' ? reason.code : String(value) === expected[i] ? 'right' : `WRONG ${value}`;

async function main() {
  const cpu = await load('cpu');
  const expected = [];
  for (const each of batches) expected.push(String(await cpu.score(each)));
  const gpu = await load('auto');
  const scores = batches.map((each) => gpu.score(each));
  if (ending === 'exit') return setTimeout(() => process.exit(7), 100);
  const outcomes = (await Promise.allSettled(scores)).map(outcomeOf(expected));
  const later = await load('auto');
  const laterOutcomes = (await Promise.allSettled(batches.map((each) => later.score(each)))).map(outcomeOf(expected));
  const fault = addon.deviceFault();
  await Promise.all([gpu.close(), later.close()]);
  process.stdout.write(JSON.stringify({ outcomes, fault, later: later.info.device, reason: later.info.reason, laterOutcomes }));
}

/** A worker ends while its batch hangs; the main thread goes on. */
async function terminate() {
  const worker = new Worker(__filename, { argv: [addonFile, folder, 'exit'], execArgv: [] });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await worker.terminate();
  await exited;
  await main();
}

if (isMainThread && ending === 'terminate') terminate();
else main();
