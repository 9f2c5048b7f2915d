// What every scenario starts from: an addon, a way to load the tiny model, and a batch that takes a while.
const path = require('node:path');

const [addonName, folder] = process.argv.slice(2);
const builds = process.env.MLX_RERANK_NATIVE ?? path.join(__dirname, '..', '..', '..', 'build', 'Release');
const addon = require(path.join(builds, `${addonName}.node`));
const way = addonName === 'mlx_rerank' ? 'mlx' : 'cpu';
const device = (way === 'mlx' && process.env.RERANK_DEVICE) || 'cpu'; // npm run test:gpu asks for the GPU

exports.load = (options = {}) =>
  addon.load(folder, { device, path: way, dtype: 'float32', tokenizerSize: 0, ...options });

function batch(sequences, length, firstId = 200) {
  return {
    inputIds: Int32Array.from({ length: sequences * length }, (_, i) => firstId + (i % 300)),
    tokenTypeIds: new Uint8Array(sequences * length),
    offsets: Int32Array.from({ length: sequences + 1 }, (_, i) => i * length),
  };
}

const sequencesOfLongBatch = way === 'mlx' ? 24 : 200;
exports.shortBatch = () => batch(3, 8);
/** Tens to hundreds of milliseconds on either path: long enough to be caught in the middle. */
exports.longBatch = () => batch(sequencesOfLongBatch, 256);

exports.sequencesOfLongBatch = sequencesOfLongBatch;
exports.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.fail = (message) => {
  throw new Error(message);
};
