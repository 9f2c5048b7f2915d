import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Watches how late this thread's timers are. `stop` gives maximum and p99 in ms, without the timer's own interval. */
export function watchEventLoop(resolutionMs) {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const delay = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  return {
    stop() {
      histogram.disable();
      return { maxMs: delay(histogram.max), p99Ms: delay(histogram.percentile(99)), resolutionMs };
    },
  };
}
