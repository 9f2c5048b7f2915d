import * as own from './own.mjs';
import * as batching from './reference-batching.mjs';
import * as system from './reference-system.mjs';

const number = ({ id }) => Number.parseInt(id.slice(1), 10) + (id.startsWith('N') ? 1000 : 0);

/** Every experiment, the reference study's first. */
export const experiments = [...Object.values(batching), ...Object.values(system), ...Object.values(own)].sort(
  (a, b) => number(a) - number(b),
);

/** What runs without arguments. */
export const quickExperiments = [own.rerank, batching.seedDocument];

export function findExperiment(name) {
  const found = experiments.find((experiment) =>
    [experiment.id, experiment.name].some((known) => known.toLowerCase() === name.toLowerCase()),
  );
  if (!found) throw new Error(`There is no experiment ${name}. npm run bench -- --list shows them.`);
  if (found.support === 'not applicable')
    throw new Error(`${found.id} ${found.name} does not apply: ${found.reason}.`);
  return found;
}
