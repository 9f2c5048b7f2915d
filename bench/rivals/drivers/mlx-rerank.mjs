// Ourselves, through the public API: texts in, tokenization, batching and sorting in the time that is taken.
import { Reranker } from '../../../dist/index.mjs';

export async function open({ model, dtype, threads }) {
  const reranker = await Reranker.load(model, { device: 'cpu', dtype, threads });
  const { path, instructionSet, versions } = reranker.info();
  return {
    version: versions.package,
    detail: `${path}, ${instructionSet}`,
    prepare({ pairs }) {
      const [[query]] = pairs;
      if (!pairs.every((pair) => pair[0] === query))
        return () => reranker.score(pairs, { activation: 'identity' });
      const documents = pairs.map(([, document]) => document);
      return async () => {
        const logits = new Array(documents.length);
        for (const { index, logit } of await reranker.rank(query, documents)) logits[index] = logit;
        return logits;
      };
    },
  };
}
