import { expect, it } from 'vitest';
import { experiments, findExperiment } from '../../../bench/experiments/catalogue.mjs';
import { listExperiments } from '../../../bench/list.mjs';
import { checkLoadOptions } from '../../../lib/validation/load-options.js';

interface Run {
  options: object;
  dataset: string;
  points: { batch: number; concurrency: number; load: { kind: string } }[];
}
interface Experiment {
  id: string;
  name: string;
  support: string;
  reason?: string;
  runs: Run[];
}
const all = experiments as Experiment[];

it('holds every experiment of the reference study, each native, mapped or not applicable for a reason', () => {
  const ids = all.map(({ id }) => id);
  for (let number = 1; number <= 21; number += 1) expect(ids).toContain(`R${number}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(all.map(({ name }) => name)).size).toBe(ids.length);
  const list = listExperiments() as string;
  for (const { id, support, reason, runs } of all) {
    expect(['native', 'mapped', 'not applicable']).toContain(support);
    expect(support === 'not applicable').toBe(reason !== undefined);
    expect(runs.length > 0).toBe(support !== 'not applicable');
    expect(list).toMatch(new RegExp(`^${id} `, 'm'));
  }
});

it('asks for nothing that is no option of the product', () => {
  for (const { runs } of all)
    for (const { options } of runs) expect(() => checkLoadOptions(options as never)).not.toThrow();
});

it('has the offline point that an open loop is a fraction of before it', () => {
  for (const { runs } of all) {
    for (const { points } of runs) {
      const firstOpen = points.findIndex(({ load }) => load.kind === 'open');
      if (firstOpen >= 0) expect(points.findIndex(({ load }) => load.kind === 'offline')).toBeLessThan(firstOpen);
    }
  }
});

it('has the configuration of the reference report', () => {
  const [run] = (findExperiment('seed-document') as Experiment).runs;
  expect(run).toMatchObject({
    dataset: 'D1',
    options: { maxBatchSize: 256, maxQueueDelayMs: 50 },
    points: [{ batch: 32, concurrency: 4 }],
  });
});

it('finds experiments by number and name, and says why one does not apply', () => {
  expect(findExperiment('r2')).toBe(findExperiment('batch-size'));
  expect(() => findExperiment('R9')).toThrow(/does not apply: torch\.compile/);
  expect(() => findExperiment('nothing')).toThrow(/There is no experiment nothing/);
});
