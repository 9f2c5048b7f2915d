import { createHistogram } from 'node:perf_hooks';

/** Percentiles are exact to 1 %, `mean` and `total` to rounding. All are 0 when nothing was recorded. */
export interface HistogramSnapshot {
  count: number;
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  total: number;
}

/** An hour in the finest unit used (microseconds); what is longer counts as an hour in the percentiles. */
const HIGHEST = 3.6e9;

/** A distribution of non-negative values, kept in a few kilobytes whatever their number. */
export class Histogram {
  readonly #bins = createHistogram({ lowest: 1, highest: HIGHEST, figures: 2 });
  readonly #resolution: number;
  #count = 0;
  #total = 0;
  #min = Infinity;
  #max = 0;

  /** @param resolution the difference still told apart: 1 for counts, 0.001 for milliseconds */
  constructor(resolution: number) {
    this.#resolution = resolution;
  }

  record(value: number): void {
    this.#bins.record(Math.min(HIGHEST, Math.max(1, Math.round(value / this.#resolution))));
    this.#count += 1;
    this.#total += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  snapshot(): HistogramSnapshot {
    const count = this.#count;
    const total = this.#total;
    if (count === 0) return { count, min: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0, total };
    const percentile = (p: number) =>
      Math.min(this.#max, Math.max(this.#min, this.#bins.percentile(p) * this.#resolution));
    return {
      count,
      min: this.#min,
      mean: total / count,
      p50: percentile(50),
      p90: percentile(90),
      p95: percentile(95),
      p99: percentile(99),
      max: this.#max,
      total,
    };
  }
}
