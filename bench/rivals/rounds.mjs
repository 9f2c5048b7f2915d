import { setTimeout as sleep } from 'node:timers/promises';
import { sum } from '../statistics.mjs';

const settleMs = 100; // threads of the one before may spin for a while

/**
 * Lets contestants run a workload in turn, `rounds` times after a warm-up. Every round begins with another one, so that
 * nobody always follows the same neighbour. Who fails is handed to `onFailure` and left out.
 *
 * @returns Map from contestant to {rounds: [{ms, cpuMs, requestMs: []}], logits, peakBytes}
 */
export async function takeTurns(contestants, workload, rounds, onFailure) {
  const results = new Map();
  const attempt = async (contestant, work) => {
    try {
      await work();
    } catch (error) {
      results.delete(contestant);
      onFailure(contestant.definition, error);
    }
  };
  for (const contestant of contestants) {
    await attempt(contestant, async () => {
      await contestant.ask('prepare', workload);
      const { requests } = await contestant.ask('run');
      results.set(contestant, { rounds: [], logits: requests.map((request) => request.logits) });
    });
  }
  for (let round = 0; round < rounds; round += 1) {
    const order = [...results.keys()];
    order.push(...order.splice(0, round % order.length));
    for (const contestant of order) {
      await sleep(settleMs);
      await attempt(contestant, async () => {
        const { requests, peakBytes } = await contestant.ask('run');
        const result = results.get(contestant);
        result.peakBytes = peakBytes;
        result.rounds.push({
          ms: sum(requests.map((request) => request.ms)),
          cpuMs: sum(requests.map((request) => request.cpuMs)),
          requestMs: requests.map((request) => request.ms),
        });
      });
    }
  }
  return results;
}
