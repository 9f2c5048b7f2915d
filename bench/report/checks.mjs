import { pairsPerSecondOf } from '../run/run-experiment.mjs';
import { mean, sum } from '../statistics.mjs';
import { latencyBuckets } from './reference-format.mjs';

const FEW = 20; // requests a client below which the last ones, which run beside idle clients, weigh too much

/** Whether a point's figures agree with one another: `ok` true, false, or null where it does not apply. */
export function checkPoint({ shown, batch, concurrency, load }) {
  const { requests, pairs, wallMs, stats } = shown;
  const latencies = requests.map(({ latencyMs }) => latencyMs);
  return [
    accounting(pairs, wallMs, pairsPerSecondOf(shown)),
    {
      name: 'warm-up left out',
      ok: pairs === requests.length * batch,
      detail: `${requests.length} requests x ${batch} = ${pairs} pairs`,
    },
    littlesLaw(latencies, wallMs, concurrency, load),
    stagesSum(stats?.stages),
    bucketsSum(latencies, requests),
  ];
}

/** From the figures as printed. */
function accounting(pairs, wallMs, rate) {
  const [seconds, perSecond] = [Number((wallMs / 1000).toFixed(2)), Number(rate.toFixed(2))];
  const slack = 0.005 * (seconds + perSecond) + 0.5;
  return {
    name: 'Pairs = throughput x time',
    ok: Math.abs(seconds * perSecond - pairs) <= slack,
    detail: `${perSecond} x ${seconds} s = ${(seconds * perSecond).toFixed(1)}, ${pairs} pairs`,
  };
}

function littlesLaw(latencies, wallMs, concurrency, { kind }) {
  const name = "Little's law";
  if (kind === 'open') return { name, ok: null, detail: 'an open loop has no fixed number of clients' };
  const found = (latencies.length / wallMs) * mean(latencies);
  const detail = `rate x latency = ${found.toFixed(2)}, ${concurrency} client${concurrency > 1 ? 's' : ''}`;
  if (concurrency > 1 && latencies.length < FEW * concurrency)
    return { name, ok: null, detail: `${detail}; too few requests to tell` };
  return { name, ok: Math.abs(found / concurrency - 1) <= 0.05, detail };
}

function stagesSum(stages) {
  const name = 'stages sum to the whole';
  if (!stages || stages.calls === 0) return { name, ok: null, detail: 'no stages here' };
  const parts = stages.tokenizationMs + stages.queueWaitMs + stages.inferenceMs + stages.otherMs;
  const percent = (100 * parts) / stages.endToEndMs;
  return { name, ok: Math.abs(percent - 100) < 0.5, detail: `${percent.toFixed(2)} %` };
}

function bucketsSum(latencies, requests) {
  const counted = sum(latencyBuckets(latencies, latencies).map(({ rates }) => rates.length));
  return {
    name: 'latency buckets sum',
    ok: counted === requests.length,
    detail: `${counted} of ${requests.length} requests`,
  };
}
