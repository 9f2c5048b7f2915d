// Loads a model as the package does, through the gate, and says where it runs and why.
const path = require('node:path');

const [folder, device] = process.argv.slice(2);
const { loadModel } = require(path.join(__dirname, '..', '..', '..', 'dist', 'native', 'load-model.js'));
const { loadAddon } = require(path.join(__dirname, '..', '..', '..', 'dist', 'native', 'load-addon.js'));

loadModel(loadAddon('mlx_rerank'), folder, { device, path: 'auto', dtype: 'auto', tokenizerSize: 0 })
  .then(async (model) => {
    const batch = { inputIds: Int32Array.of(200, 201), tokenTypeIds: new Uint8Array(2), offsets: Int32Array.of(0, 2) };
    const [logit] = await model.score(batch);
    process.stdout.write(JSON.stringify({ device: model.info.device, reason: model.info.reason, logit }));
    await model.close();
  })
  .catch(({ code, message }) => process.stdout.write(JSON.stringify({ code, message })));
