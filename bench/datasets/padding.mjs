import { sum } from '../statistics.mjs';

/** Share of the tokens that are padding when every pair is padded to the longest of its batch. */
export function paddingShare(lengths, batch) {
  let computed = 0;
  for (let first = 0; first < lengths.length; first += batch) {
    const group = lengths.slice(first, first + batch);
    computed += Math.max(...group) * group.length;
  }
  return 1 - sum(lengths) / computed;
}

/** Lengths sorted within windows, as a queue that looks at so many pairs at once could batch them. */
export function sortedIn(lengths, window) {
  const sorted = [];
  for (let first = 0; first < lengths.length; first += window)
    sorted.push(...lengths.slice(first, first + window).sort((a, b) => a - b));
  return sorted;
}
