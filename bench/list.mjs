import { experiments } from './experiments/catalogue.mjs';

/** What `--list` prints: each experiment, whether it is native, mapped or not applicable, and why. */
export function listExperiments() {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  return experiments
    .map(({ id, name, support, about, reason, onlyAll, runs }) => {
      const points = runs.reduce((count, run) => count + run.points.length, 0);
      const state =
        support === 'not applicable'
          ? `not applicable: ${reason}`
          : `${support}, ${points} point${points > 1 ? 's' : ''}${onlyAll ? ', slow' : ''}`;
      return `${id.padEnd(5)} ${name.padEnd(width)}  ${about}\n${' '.repeat(width + 8)}${state}`;
    })
    .join('\n');
}
