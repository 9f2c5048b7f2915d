import { median } from '../statistics.mjs';
import { Contestant } from './contestant.mjs';
import { withBatch } from './field.mjs';
import { takeTurns } from './rounds.mjs';

const screeningBatch = 8;

/**
 * The fastest setting (model file, threads, hint) of each rival, all of its settings taking turns at batch 8.
 * @returns [{batches, setting}] of the rivals that run at all
 */
export async function fastestSettings(rivals, workload, rounds, onFailure) {
  const chosen = [];
  for (const { batches, settings } of rivals) {
    const contestants = [];
    for (const setting of settings) {
      await Contestant.start(withBatch(setting, screeningBatch)).then(
        (contestant) => contestants.push({ contestant, setting }),
        (error) => onFailure(setting, error),
      );
    }
    const results = await takeTurns(
      contestants.map(({ contestant }) => contestant),
      workload,
      rounds,
      onFailure,
    );
    await Promise.all(contestants.map(({ contestant }) => contestant.stop()));
    const timed = contestants
      .filter(({ contestant }) => results.has(contestant))
      .map(({ contestant, setting }) => ({
        setting,
        ms: median(results.get(contestant).rounds.map(({ ms }) => ms)),
      }))
      .sort((a, b) => a.ms - b.ms);
    if (timed.length > 0) chosen.push({ batches, setting: timed[0].setting });
  }
  return chosen;
}
