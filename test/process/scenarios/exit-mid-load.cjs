const { load } = require('./model.cjs');

for (let i = 0; i < 3; i++) load({ threads: 1 + i });
setTimeout(() => process.exit(7), Math.random() * 10);
