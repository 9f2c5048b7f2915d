// What browsers and edge runtimes get, by the conditions in package.json's exports. No ES module: a bundler would then
// complain of names it does not export instead of letting this be read.
throw new Error(
  'mlx-rerank runs in Node (20 or newer), Bun and Deno, not in a browser or an edge runtime: import it in server code alone.',
);
export {};
