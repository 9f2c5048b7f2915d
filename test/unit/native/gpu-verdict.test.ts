import { describe, expect, it } from 'vitest';
import type { FormTrial } from '../../../lib/native/addon.js';
import { decide, describeForm } from '../../../lib/native/gpu-verdict.js';

const tried = (forms: FormTrial[], cpuMs = 100) =>
  decide({ kind: 'tried', trial: { dtype: 'float16', tolerance: 0.08, cpuMs, forms } });

const plain: FormTrial = { name: 'plain', maxError: 0.01, ms: 9 };
const padded: FormTrial = { name: 'padded', maxError: 0.01, ms: 6 };
const paired: FormTrial = { name: 'paired', maxError: 0.01, ms: 7 };

describe('what follows from the check of a GPU', () => {
  it('takes the fastest form', () => {
    expect(tried([plain, padded, paired])).toEqual({ use: 'gpu', attention: 'padded', ms: { plain: 9, padded: 6, paired: 7 } });
    expect(tried([plain])).toMatchObject({ use: 'gpu', attention: 'plain' });
  });

  it('never takes a form that was wrong, however fast the others are not', () => {
    const wrong: FormTrial = { name: 'padded', failure: 'it gave logit 3.0 where the CPU gives 2.0' };
    expect(tried([plain, wrong, paired])).toEqual({ use: 'gpu', attention: 'paired', ms: { plain: 9, paired: 7 } });
  });

  it('is the CPU when no form is right, and says what was wrong', () => {
    const verdict = tried([
      { name: 'plain', failure: 'it gave logit nan where the CPU gives 2.0' },
      { name: 'padded', failure: 'MLX failed: Unable to load kernel' },
    ]);
    expect(verdict).toMatchObject({ use: 'cpu' });
    expect(verdict).toHaveProperty('reason', expect.stringContaining('plain: it gave logit nan where the CPU gives 2.0'));
    expect(verdict).toHaveProperty('reason', expect.stringContaining('padded: MLX failed: Unable to load kernel'));
  });

  it('is the CPU when the GPU is slower, unless the GPU is asked for', () => {
    const verdict = tried([plain, padded], 5);
    expect(verdict).toMatchObject({ use: 'gpu-if-asked', attention: 'padded' });
    expect(verdict).toHaveProperty('reason', expect.stringContaining('6.0 ms against 5.0 ms'));
    expect(tried([padded], 6)).toMatchObject({ use: 'gpu' });
  });

  it('is the CPU after a hang, a crash or a refusal', () => {
    expect(decide({ kind: 'hung', seconds: 120 })).toEqual({
      use: 'cpu',
      reason: 'the GPU gave no answer for 120 s when it was checked',
    });
    expect(decide({ kind: 'crashed', how: 'SIGSEGV', stderr: '' })).toHaveProperty('reason', expect.stringContaining('SIGSEGV'));
    expect(decide({ kind: 'failed', code: 'ERR_DEVICE', message: 'no answer.' })).toEqual({
      use: 'cpu',
      reason: 'the GPU did not pass its check: no answer',
    });
  });

  it('is nothing when the check says nothing about the GPU', () => {
    expect(decide({ kind: 'not-run', why: 'no processes here' })).toBeUndefined();
    expect(decide({ kind: 'failed', code: 'ERR_MODEL_CORRUPT', message: 'half a file' })).toBeUndefined();
    expect(decide({ kind: 'failed', code: 'ERR_OUT_OF_MEMORY', message: 'no memory' })).toBeUndefined();
  });

  it('names form and times, where there was a choice', () => {
    const of = (forms: FormTrial[]) => describeForm(tried(forms) as Parameters<typeof describeForm>[0]);
    expect(of([plain, padded])).toBe(
      ' Attention padded, the fastest when this machine was checked (plain 9.0 ms, padded 6.0 ms).',
    );
    expect(of([plain])).toBe('');
  });
});
