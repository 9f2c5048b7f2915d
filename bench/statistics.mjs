// What the reports compute from samples. Percentiles interpolate linearly (NumPy's default), the standard deviation is
// that of a population: the reference study's definitions.

export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const mean = (values) => sum(values) / values.length;

export function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort();
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

export const median = (values) => percentile(values, 50);

export function standardDeviation(values) {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

export function pearson(a, b) {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  return covariance / (standardDeviation(a) * standardDeviation(b));
}

/** The eight rows of the reference study's tables. */
export function describe(values) {
  return {
    average: mean(values),
    min: values.reduce((a, b) => Math.min(a, b), Infinity),
    max: values.reduce((a, b) => Math.max(a, b), -Infinity),
    standardDeviation: standardDeviation(values),
    p50: percentile(values, 50),
    p90: percentile(values, 90),
    p95: percentile(values, 95),
    p99: percentile(values, 99),
  };
}

/** Kendall's tau-b: 1 when both lists put everything in the same order. */
export function kendallTau(a, b) {
  let [balance, untiedA, untiedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const [signA, signB] = [Math.sign(a[i] - a[j]), Math.sign(b[i] - b[j])];
      balance += signA * signB;
      untiedA += signA * signA;
      untiedB += signB * signB;
    }
  }
  return balance / Math.sqrt(untiedA * untiedB);
}

/** Share of the k highest of `a` that are among the k highest of `b`. */
export function topOverlap(a, b, k) {
  const top = (values) =>
    values
      .map((_, i) => i)
      .sort((i, j) => values[j] - values[i] || i - j)
      .slice(0, k);
  const inB = new Set(top(b));
  const topA = top(a);
  return topA.filter((index) => inB.has(index)).length / topA.length;
}

/** 95 % confidence interval of statistic(b) / statistic(a), by resampling both lists. */
export function bootstrapRatio(a, b, statistic, random, rounds = 1000) {
  const resample = (values) => values.map(() => values[Math.floor(random() * values.length)]);
  const ratios = Array.from({ length: rounds }, () => statistic(resample(b)) / statistic(resample(a)));
  return { ratio: statistic(b) / statistic(a), low: percentile(ratios, 2.5), high: percentile(ratios, 97.5) };
}
