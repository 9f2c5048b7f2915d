import { describe, expect, it } from 'vitest';
import { describeGpu } from '../../../lib/cli/doctor/gpu.js';
import type { GateOutcome, Verdict } from '../../../lib/native/gpu-verdict.js';

const value = (facts: ReturnType<typeof describeGpu>, name: string) => facts.find((fact) => fact.name === name)?.value;

function report(outcome: GateOutcome, verdict: Verdict | undefined) {
  return describeGpu({
    gpu: { name: 'Apple M9', architecture: 'applegpu_g99', memoryBytes: 16e9 },
    setting: 'auto',
    file: '/cache/gpu-gate.json',
    gate: { key: 'Apple M9 | macOS 1', outcome, verdict },
  });
}

describe('what doctor says about the GPU', () => {
  it('says that there is none, and why', () => {
    expect(describeGpu({ gpu: null, why: 'MLX finds none on this machine' })).toEqual([
      { name: 'GPU', value: 'none: MLX finds none on this machine' },
    ]);
  });

  it('tells the checks and times of every form, and the verdict', () => {
    const facts = report(
      {
        kind: 'tried',
        trial: {
          dtype: 'float16',
          tolerance: 0.08,
          cpuMs: 50,
          forms: [
            { name: 'plain', maxError: 0.0123, ms: 9 },
            { name: 'padded', maxError: 0.0124, ms: 6 },
            { name: 'paired', failure: 'it gave logit 3.0 where the CPU gives 2.0' },
          ],
        },
      },
      { use: 'gpu', attention: 'padded', ms: { plain: 9, padded: 6 } },
    );
    expect(value(facts, 'GPU')).toBe('Apple M9 (applegpu_g99), memory 16000.0 MB');
    expect(value(facts, 'plain')).toBe('9.0 ms for 32 pairs in float16; greatest error 0.012 (allowed 0.08)');
    expect(value(facts, 'paired')).toBe('FAILED: it gave logit 3.0 where the CPU gives 2.0');
    expect(value(facts, 'CPU encoder')).toBe('50.0 ms for the same in float32');
    expect(value(facts, 'verdict')).toBe('GPU, attention padded');
    expect(value(facts, 'kept for')).toBe('Apple M9 | macOS 1');
  });

  it.each<[GateOutcome, RegExp]>([
    [{ kind: 'hung', seconds: 120 }, /^no answer for 120 s$/],
    [{ kind: 'crashed', how: 'SIGABRT', stderr: 'failed assertion\n' }, /ended with SIGABRT\. failed assertion$/],
    [{ kind: 'failed', code: 'ERR_DEVICE', message: 'no' }, /^ERR_DEVICE: no$/],
    [{ kind: 'not-run', why: 'not allowed' }, /could not be run: not allowed/],
  ])('tells how a check ended: $kind', (outcome, expected) => {
    expect(value(report(outcome, { use: 'cpu', reason: 'of that' }), 'check')).toMatch(expected);
    expect(value(report(outcome, { use: 'cpu', reason: 'of that' }), 'verdict')).toBe('CPU, because of that');
  });
});
