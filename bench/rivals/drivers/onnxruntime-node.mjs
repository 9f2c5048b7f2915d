// onnxruntime-node as someone who knows it would drive it: pairs sorted by length, padded within batches, token types
// given. Token ids are handed to it: tokenization is not in its time.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');

export async function open({ file, batch, threads }) {
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads, // 0: its own choice
  });
  return {
    version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    prepare({ inputIds, documentStarts }) {
      const sequences = inputIds.map((ids, index) => ({
        index,
        start: documentStarts[index],
        ids: BigInt64Array.from(ids, BigInt),
      }));
      return async () => {
        const logits = new Array(sequences.length);
        const sorted = [...sequences].sort((a, b) => a.ids.length - b.ids.length);
        for (let from = 0; from < sorted.length; from += batch) {
          const some = sorted.slice(from, from + batch);
          const output = await session.run(padded(some));
          some.forEach(({ index }, row) => (logits[index] = output.logits.data[row]));
        }
        return logits;
      };
    },
  };
}

function padded(sequences) {
  const shape = [sequences.length, sequences.at(-1).ids.length];
  const [ids, mask, types] = Array.from({ length: 3 }, () => new BigInt64Array(shape[0] * shape[1]));
  sequences.forEach((sequence, row) => {
    const begin = row * shape[1];
    const end = begin + sequence.ids.length;
    ids.set(sequence.ids, begin);
    mask.fill(1n, begin, end);
    types.fill(1n, begin + sequence.start, end);
  });
  return {
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', mask, shape),
    token_type_ids: new Tensor('int64', types, shape),
  };
}
