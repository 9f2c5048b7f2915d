// The addon with a GPU that fails on command: whatever it does, a score is right or an error, and the process ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../goldens/tiny-models.js';
import { faultyAddon, runWithFault } from './faulty-addon.js';

interface Report {
  outcomes: string[];
  fault: string | null;
  later: string;
  reason: string;
  laterOutcomes: string[];
}

let model: string;
beforeAll(() => {
  model = mkdtempSync(path.join(tmpdir(), 'faulty-'));
  writeTinyModel(model, 'tiny');
});
afterAll(() => rmSync(model, { recursive: true, force: true }));

const start = (fault: string, ending = 'natural') => runWithFault('faulty-gpu', fault, [faultyAddon, model, ending]);

async function report(fault: string, ending?: string): Promise<Report> {
  const { code, stdout, stderr } = await start(fault, ending);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Report;
}

const allRight = Array<string>(6).fill('right');

// The first batch of a model is the gate's own.
describe('a GPU that fails once', () => {
  test.for(['none!0', 'throw!3', 'late!3', 'wrong!3', 'nan!3', 'memory!3', 'throw!2', 'late!7'])('%s harms no score', async (fault) => {
    const { outcomes, later, ...rest } = await report(fault);
    expect(outcomes).toEqual(allRight);
    expect(rest).toMatchObject({ fault: null, laterOutcomes: allRight });
    expect(later).toBe('gpu');
  });
});

describe('a GPU that fails again and again', () => {
  test.for(['throw@2', 'late@2', 'wrong@2', 'nan@2'])('%s rejects, and the process goes on with the CPU', async (fault) => {
    const result = await report(fault);
    expect(new Set(result.outcomes)).toEqual(new Set(['ERR_DEVICE']));
    expect(result).toMatchObject({ fault: 'the GPU failed three times in a row', later: 'cpu', laterOutcomes: allRight });
    expect(result.reason).toContain('On the CPU because the GPU failed three times in a row.');
  });
});

describe('a GPU that hangs', () => {
  test.for(['hang@2', 'hang@4'])('%s rejects what it holds, and the process goes on with the CPU', async (fault) => {
    const { outcomes, ...rest } = await report(fault);
    expect(outcomes).toContain('ERR_DEVICE');
    expect(outcomes.filter((outcome) => outcome !== 'right' && outcome !== 'ERR_DEVICE')).toEqual([]);
    expect(rest.fault).toMatch(/gave no answer/);
    expect(rest).toMatchObject({ later: 'cpu', laterOutcomes: allRight });
  });

  test('at load: the model is on the CPU from the start', async () => {
    const result = await report('hang@1');
    expect(result).toMatchObject({ outcomes: allRight, later: 'cpu', laterOutcomes: allRight });
    expect(result.fault).toMatch(/gave no answer/);
    expect(result.reason).toMatch(/gave no answer/);
  });

  test('does not keep the process from ending', async () => {
    expect(await start('hang@2', 'exit')).toEqual({ code: 7, stdout: '', stderr: '' });
  });

  test('under a worker that is terminated harms nobody else', async () => {
    const result = await report('hang@2', 'terminate');
    expect(result.outcomes.filter((outcome) => outcome !== 'right' && outcome !== 'ERR_DEVICE')).toEqual([]);
    expect(result).toMatchObject({ later: 'cpu', laterOutcomes: allRight });
  });
});
