import { now } from '../load/clock.mjs';
import { mean, sum } from '../statistics.mjs';
import { difference } from './difference.mjs';

const INTERVAL_MS = 500;
const RECENT_MS = 1000;
const MIB = 2 ** 20;

/**
 * Looks at the target twice a second, as the reference study's dashboard did. A sample is kept when a request has
 * finished since the last one; what cannot be known here is null. Stage times are means over those requests.
 */
export class Sampler {
  samples = [];
  #target;
  #requests;
  #startedAt;
  #seen = 0;
  #last;
  #timer;

  /** @param requests the list that finished requests are put into */
  constructor(target, requests) {
    this.#target = target;
    this.#requests = requests;
  }

  start() {
    this.#startedAt = now();
    this.#last = this.#look();
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS);
    this.#timer.unref();
  }

  stop() {
    clearInterval(this.#timer);
    this.#sample();
  }

  #look() {
    return { at: now(), cpu: process.cpuUsage(), stats: this.#target.stats?.() };
  }

  #sample() {
    if (this.#requests.length === this.#seen) return;
    this.#seen = this.#requests.length;
    const [before, after] = [this.#last, this.#look()];
    this.#last = after;
    const ms = after.at - before.at;
    if (ms < INTERVAL_MS / 5) return; // the end came right after a sample: too short to tell anything
    const elapsed = after.at - this.#startedAt;
    const recent = this.#requests.filter(({ startMs, latencyMs }) => startMs + latencyMs > elapsed - RECENT_MS);
    const cpu = process.cpuUsage(before.cpu);
    this.samples.push({
      ms: elapsed,
      cpuPercent: (cpu.user + cpu.system) / ms / 10,
      rssMb: process.memoryUsage.rss() / MIB,
      latencyMs: recent.length > 0 ? mean(recent.map(({ latencyMs }) => latencyMs)) : null,
      pairsPerSecond: (sum(recent.map(({ pairs }) => pairs)) * 1000) / Math.min(RECENT_MS, elapsed),
      ...(after.stats ? this.#ofStats(before.stats, after.stats, ms) : nothing),
    });
  }

  #ofStats(before, after, ms) {
    const { stages, busyMs, tokens, computedTokens } = difference(before, after);
    const gpu = this.#target.info.device === 'gpu';
    const busyPercent = Math.min(100, (100 * busyMs) / ms);
    const perCall = (stage) => (stages.calls > 0 ? stages[stage] / stages.calls : null);
    return {
      gpuMemoryMb: gpu ? (after.memory.active + after.memory.cache) / MIB : null,
      gpuPercent: gpu ? busyPercent : null,
      busyPercent,
      tokenizationMs: perCall('tokenizationMs'),
      inferenceMs: perCall('inferenceMs'),
      queueWaitMs: perCall('queueWaitMs'),
      paddingPercent: computedTokens > 0 ? 100 * (1 - tokens / computedTokens) : null,
      queuedPairs: after.gauges.queuedPairs,
    };
  }
}

const nothing = {
  gpuMemoryMb: null,
  gpuPercent: null,
  busyPercent: null,
  tokenizationMs: null,
  inferenceMs: null,
  queueWaitMs: null,
  paddingPercent: null,
  queuedPairs: null,
};
