import { Contestant } from './contestant.mjs';

/**
 * Starts each contestant in a fresh process, in turn, `rounds` times after one that warms the page cache.
 * @returns Map from definition to [{importMs, loadMs, peakBytes}]
 */
export async function measureStarts(definitions, rounds, onFailure) {
  const starts = new Map(definitions.map((definition) => [definition, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [definition, samples] of starts) {
      try {
        const contestant = await Contestant.start(definition);
        await contestant.stop();
        if (round >= 0) samples.push(contestant.started);
      } catch (error) {
        starts.delete(definition);
        onFailure(definition, error);
      }
    }
  }
  return starts;
}
