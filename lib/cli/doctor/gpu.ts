import { Reranker } from '../../index.js';
import type { FormTrial, GpuTrial } from '../../native/addon.js';
import type { GateOutcome, Verdict } from '../../native/gpu-verdict.js';
import { inspectGpu, type GpuInspection } from '../../native/inspect-gpu.js';
import { megabytes } from '../terminal.js';
import { atHome, type Fact } from './machine.js';

/** The GPU and what the gate says to it, with the starter model. */
export async function gpuFacts(): Promise<Fact[]> {
  try {
    const starter = await Reranker.load('starter', { path: 'cpu' });
    const { folder } = starter.info();
    await starter.close();
    return describeGpu(await inspectGpu(folder));
  } catch (error) {
    return [{ name: 'GPU', value: `could not be asked: ${(error as Error).message}` }];
  }
}

export function describeGpu(inspection: GpuInspection): Fact[] {
  if (!inspection.gpu) return [{ name: 'GPU', value: `none: ${inspection.why}` }];
  const { gpu, setting, file, gate } = inspection;
  return [
    { name: 'GPU', value: `${gpu.name} (${gpu.architecture}), memory ${megabytes(gpu.memoryBytes)}` },
    { name: 'setting', value: `MLX_RERANK_METAL ${setting}` },
    ...(gate.outcome ? describeOutcome(gate.outcome) : []),
    { name: 'verdict', value: gate.verdict ? describeVerdict(gate.verdict) : 'none' },
    { name: 'kept in', value: atHome(file) },
    { name: 'kept for', value: gate.key },
  ];
}

function describeOutcome(outcome: GateOutcome): Fact[] {
  switch (outcome.kind) {
    case 'tried':
      return describeTrial(outcome.trial);
    case 'hung':
      return [{ name: 'check', value: `no answer for ${outcome.seconds} s` }];
    case 'crashed':
      return [{ name: 'check', value: `its process ended with ${outcome.how}. ${outcome.stderr.trim()}` }];
    case 'failed':
      return [{ name: 'check', value: `${outcome.code}: ${outcome.message}` }];
    case 'not-run':
      return [{ name: 'check', value: `could not be run: ${outcome.why}` }];
  }
}

function describeTrial({ dtype, tolerance, cpuMs, forms }: GpuTrial): Fact[] {
  const ofForm = (form: FormTrial) =>
    'failure' in form
      ? `FAILED: ${form.failure}`
      : `${form.ms.toFixed(1)} ms for 32 pairs in ${dtype}; greatest error ${form.maxError.toPrecision(2)} (allowed ${tolerance})`;
  return [
    ...forms.map((form) => ({ name: form.name, value: ofForm(form) })),
    { name: 'CPU encoder', value: `${cpuMs.toFixed(1)} ms for the same in float32` },
  ];
}

function describeVerdict(verdict: Verdict): string {
  if (verdict.use === 'cpu') return `CPU, because ${verdict.reason}`;
  const form = `GPU, attention ${verdict.attention}`;
  return verdict.use === 'gpu' ? form : `CPU, because ${verdict.reason}; if asked for, ${form}`;
}
