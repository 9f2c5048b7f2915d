import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RoundRobin } from '../../../lib/tokenizer/round-robin.js';

it('gives each job a turn, and the event loop its own, however much one has to do', async () => {
  const log: string[] = [];
  const turns = new RoundRobin<string>((job, until) => {
    log.push(job);
    if (job === 'small') return false;
    while (performance.now() < until);
    return true;
  });
  turns.wake('greedy');
  turns.wake('endless');
  turns.wake('small');
  turns.wake('greedy');
  expect(log).toEqual([]);
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(log.slice(0, 5)).toEqual(['greedy', 'endless', 'small', 'greedy', 'endless']);

  turns.remove('greedy');
  log.length = 0;
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  expect(new Set(log)).toEqual(new Set(['endless']));

  turns.remove('endless');
  log.length = 0;
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  expect(log).toEqual([]);
});
