/** What one batch may hold. A single pair that exceeds a limit by itself still goes, alone. */
export interface BatchLimits {
  maxTokens: number;
  maxPairs: number;
  /** Most of the sum of squared lengths. */
  maxArea: number;
  /** Lengths count rounded up to a multiple of this. */
  lengthMultiple: number;
  /** Each distinct length costs this many tokens on top. */
  bucketTokens: number;
}

class Batch {
  readonly #limits: BatchLimits;
  readonly #buckets = new Set<number>();
  #tokens = 0;
  #area = 0;
  #pairs = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#pairs >= this.#limits.maxPairs;
  }

  /** Adds a pair of this length if it fits; the first one always does. */
  add(length: number): boolean {
    const { maxTokens, maxArea, lengthMultiple, bucketTokens } = this.#limits;
    const rounded = Math.ceil(length / lengthMultiple) * lengthMultiple;
    const tokens = this.#tokens + rounded + (this.#buckets.has(rounded) ? 0 : bucketTokens);
    const area = this.#area + rounded * rounded;
    if (this.#pairs > 0 && (this.full || tokens > maxTokens || area > maxArea)) return false;
    this.#buckets.add(rounded);
    this.#tokens = tokens;
    this.#area = area;
    this.#pairs += 1;
    return true;
  }
}

/** Positions of `lengths` from shortest to longest, equal lengths in window order. */
function sortByLength(lengths: ArrayLike<number>): Float64Array {
  const count = lengths.length;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i += 1) keys[i] = lengths[i]! * count + i;
  keys.sort();
  for (let i = 0; i < count; i += 1) keys[i] = keys[i]! % count;
  return keys;
}

/**
 * Cuts the next batch out of a window of waiting pairs.
 *
 * The window comes in the order in which fairness would serve it. Pairs marked `mustGo` are taken first, in that
 * order; if one does not fit, the batch ends there, so nobody overtakes it again. Otherwise the first pair (the
 * first that must go, if any) is certain of its place and the pairs nearest to it in length fill the rest.
 *
 * @param lengths tokens of each pair of the window, at least one pair
 * @param mustGo  1 for pairs that may not be left out any more, 0 for others
 * @returns positions in the window, longest pair first; never empty
 */
export function planBatch(
  lengths: ArrayLike<number>,
  mustGo: ArrayLike<number>,
  limits: BatchLimits,
): number[] {
  const count = lengths.length;
  const batch = new Batch(limits);
  const taken = new Uint8Array(count);
  const order = sortByLength(lengths);

  let anchor = 0;
  let overdue = 0;
  let blocked = false;
  for (let i = 0; i < count && !blocked; i += 1) {
    if (!mustGo[i]) continue;
    if (batch.add(lengths[i]!)) taken[i] = 1;
    else blocked = true;
    if (overdue === 0) anchor = i;
    overdue += 1;
  }
  if (overdue === 0) {
    batch.add(lengths[0]!);
    taken[0] = 1;
  }

  if (!blocked) {
    const middle = lengths[anchor]!;
    let longer = order.indexOf(anchor) + 1;
    let shorter = longer - 2;
    while (!batch.full && (shorter >= 0 || longer < count)) {
      const above = longer < count ? lengths[order[longer]!]! - middle : Infinity;
      const below = shorter >= 0 ? middle - lengths[order[shorter]!]! : Infinity;
      const position = above <= below ? order[longer]! : order[shorter]!;
      if (above <= below) longer += 1;
      else shorter -= 1;
      if (taken[position]) continue;
      if (batch.add(lengths[position]!)) taken[position] = 1;
      else if (above <= below) longer = count; // everything further up is longer still
    }
  }

  const positions: number[] = [];
  for (let i = count - 1; i >= 0; i -= 1) if (taken[order[i]!]) positions.push(order[i]!);
  return positions;
}
