import * as v from 'valibot';
import type { AttentionForm, FormTrial, GpuTrial } from './addon.js';

/** How the check of a GPU in a process of its own ended. */
export type GateOutcome =
  | { kind: 'tried'; trial: GpuTrial }
  /** No answer in time; the process was ended. */
  | { kind: 'hung'; seconds: number }
  /** The process ended by itself without an answer; `how` is its exit code or signal. */
  | { kind: 'crashed'; how: string; stderr: string }
  /** The addon refused, with a code of ours. */
  | { kind: 'failed'; code: string; message: string }
  /** The check could not be run at all, which says nothing about the GPU. */
  | { kind: 'not-run'; why: string };

const times = v.record(v.string(), v.number());

/** What loads of a model on a machine may rely on; it is kept between processes. */
export const verdictSchema = v.variant('use', [
  /** `ms` holds the time of each form that was right. */
  v.object({ use: v.literal('gpu'), attention: v.picklist(['plain', 'padded', 'paired']), ms: times }),
  /** The GPU gives the right scores and takes longer than the CPU encoder; whoever asks for the GPU gets it. */
  v.object({
    use: v.literal('gpu-if-asked'),
    attention: v.picklist(['plain', 'padded', 'paired']),
    ms: times,
    reason: v.string(),
  }),
  v.object({ use: v.literal('cpu'), reason: v.string() }),
]);

export type Verdict = v.InferOutput<typeof verdictSchema>;

type Passed = Extract<FormTrial, { ms: number }>;

/**
 * What follows from a check. `undefined` when it says nothing about the GPU: then the model loads as if there were no
 * gate, and its error, if any, is the one to report.
 */
export function decide(outcome: GateOutcome): Verdict | undefined {
  switch (outcome.kind) {
    case 'tried':
      return decideTrial(outcome.trial);
    case 'hung':
      return { use: 'cpu', reason: `the GPU gave no answer for ${outcome.seconds} s when it was checked` };
    case 'crashed':
      return { use: 'cpu', reason: `the process that checked the GPU ended with ${outcome.how}` };
    case 'failed':
      return outcome.code === 'ERR_DEVICE'
        ? { use: 'cpu', reason: `the GPU did not pass its check: ${outcome.message.replace(/\.$/, '')}` }
        : undefined;
    case 'not-run':
      return undefined;
  }
}

function decideTrial({ forms, cpuMs }: GpuTrial): Verdict {
  const passed = forms.filter((form): form is Passed => 'ms' in form);
  const fastest = passed.reduce<Passed | undefined>((a, b) => (a && a.ms <= b.ms ? a : b), undefined);
  if (!fastest) {
    const failures = forms.map((form) => ('failure' in form ? `${form.name}: ${form.failure}` : ''));
    return { use: 'cpu', reason: `the GPU did not pass its check (attention ${failures.join('; ')})` };
  }
  const attention: AttentionForm = fastest.name;
  const ms = Object.fromEntries(passed.map((form) => [form.name, form.ms]));
  if (fastest.ms <= cpuMs) return { use: 'gpu', attention, ms };
  const reason = `the GPU was slower than the CPU when it was checked (${show(fastest.ms)} against ${show(cpuMs)} for 32 pairs)`;
  return { use: 'gpu-if-asked', attention, ms, reason };
}

/** A sentence about the form of attention; empty when the model leaves no choice. */
export function describeForm(verdict: Exclude<Verdict, { use: 'cpu' }>): string {
  const names = Object.keys(verdict.ms);
  if (names.length < 2) return '';
  const list = names.map((name) => `${name} ${show(verdict.ms[name]!)}`).join(', ');
  return ` Attention ${verdict.attention}, the fastest when this machine was checked (${list}).`;
}

const show = (ms: number): string => `${ms.toFixed(1)} ms`;
