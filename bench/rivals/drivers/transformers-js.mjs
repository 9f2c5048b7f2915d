// transformers.js with its own tokenizer, batched and sorted by text length. Not `pipeline('text-classification')`:
// that takes a softmax over the one label there is and answers 1 to everything.
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers';

export async function open({ folder, dtype, batch, threads }) {
  env.allowRemoteModels = false;
  env.localModelPath = folder;
  const tokenizer = await AutoTokenizer.from_pretrained('transformers-js');
  const session_options = { intraOpNumThreads: threads };
  const model = await AutoModelForSequenceClassification.from_pretrained('transformers-js', {
    device: 'cpu',
    dtype,
    session_options,
  });
  return {
    version: env.version,
    prepare:
      ({ pairs }) =>
      async () => {
        const logits = new Array(pairs.length);
        const size = ([query, document]) => query.length + document.length;
        const sorted = pairs.map((_, index) => index).sort((a, b) => size(pairs[a]) - size(pairs[b]));
        for (let from = 0; from < sorted.length; from += batch) {
          const some = sorted.slice(from, from + batch);
          const text_pair = some.map((index) => pairs[index][1]);
          const inputs = tokenizer(
            some.map((index) => pairs[index][0]),
            { text_pair, padding: true, truncation: true },
          );
          const output = await model(inputs);
          some.forEach((index, row) => (logits[index] = output.logits.data[row]));
        }
        return logits;
      },
  };
}
