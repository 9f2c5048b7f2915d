import { DOCUMENTS } from '../datasets/one-query.mjs';
import { mean, kendallTau, topOverlap } from '../statistics.mjs';

/** How the logits of each run differ from those of the run labelled `reference`, over one-query groups of documents. */
export function qualityAgainst(runs, reference) {
  const logitsOf = (run) => run.points[0].repeats[0]?.logits;
  const expected = logitsOf(runs.find(({ label }) => label === reference));
  if (!expected) return [];
  return runs.filter(logitsOf).map((run) => {
    const logits = logitsOf(run);
    const groups = Array.from({ length: Math.floor(logits.length / DOCUMENTS) }, (_, i) =>
      [expected, logits].map((all) => all.slice(i * DOCUMENTS, (i + 1) * DOCUMENTS)),
    );
    return {
      label: run.label,
      pairs: logits.length,
      maxError: Math.max(...logits.map((logit, i) => Math.abs(logit - expected[i]))),
      meanError: mean(logits.map((logit, i) => Math.abs(logit - expected[i]))),
      tau: mean(groups.map(([a, b]) => kendallTau(a, b))),
      topTen: mean(groups.map(([a, b]) => topOverlap(a, b, 10))),
    };
  });
}
