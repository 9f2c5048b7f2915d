import { Reranker, RerankerError } from '../../dist/index.mjs';
import { openModel } from '../../dist/model/open.js';
import { now } from '../load/clock.mjs';

// What a load is sent to. `send` resolves to {} when the request is served, to { retryAfterMs } when it was refused.

const KERNEL_BATCH_TOKENS = 4096;

/** The product, through its public API. */
export async function openReranker({ model, options }) {
  const began = now();
  const reranker = await Reranker.load(model, options);
  const loadMs = now() - began;
  await reranker.warmup();
  return {
    loadMs,
    info: reranker.info(),
    stats: () => reranker.stats(),
    async send({ query, documents, pairs }, signal) {
      try {
        if (pairs) await reranker.score(pairs, { signal });
        else await reranker.rank(query, documents, { signal, returnDocuments: false });
        return {};
      } catch (error) {
        if (error instanceof RerankerError && error.code === 'ERR_OVERLOADED')
          return { retryAfterMs: error.retryAfterMs };
        throw error;
      }
    },
    logits: (pairs) => reranker.score(pairs, { activation: 'identity' }),
    close: () => reranker.close(),
  };
}

/** Pair encoding alone: text in, token ids out, in the tokenizer's own thread. */
export async function openTokenizer({ model, options }) {
  const { tokenizer, native, maxLength, source, sha256 } = await openModel(model, options);
  return {
    info: describeModel({ source, sha256, native, tokenizer, maxLength }),
    async send(request) {
      for await (const slice of encode(tokenizer, request, maxLength, native)) void slice;
      return {};
    },
    close: () => closeModel(tokenizer, native),
  };
}

/** The device alone: each request is tokenized when it is first seen, during warm-up, and sorted into even batches. */
export async function openKernel({ model, options }, pairs, batch) {
  const { tokenizer, native, maxLength, source, sha256 } = await openModel(model, options);
  const requests = [];
  let next = 0;
  const wanted = Math.min(Math.ceil(pairs.length / batch), Math.max(1, Math.ceil(4096 / batch)));
  for (let i = 0; i < wanted; i += 1) {
    const slice = Array.from({ length: batch }, (_, k) => pairs[(i * batch + k) % pairs.length]);
    requests.push(await tokenize(tokenizer, { pairs: slice }, maxLength, native));
  }
  let tokens = 0;
  return {
    info: describeModel({ source, sha256, native, tokenizer, maxLength }),
    tokens: () => tokens,
    async send() {
      const batches = requests[next++ % requests.length];
      await Promise.all(batches.map((packed) => native.score(packed)));
      for (const packed of batches) tokens += packed.inputIds.length;
      return {};
    },
    close: () => closeModel(tokenizer, native),
  };
}

function encode(tokenizer, { query, documents, pairs }, maxLength, native) {
  const source = pairs
    ? { count: pairs.length, query: (i) => pairs[i][0], document: (i) => pairs[i][1] }
    : { count: documents.length, query: () => query, document: (i) => documents[i] };
  return tokenizer.encode(source, {
    maxLength,
    truncation: 'longest-first',
    typeVocabSize: native.info.typeVocabSize,
  });
}

async function tokenize(tokenizer, request, maxLength, native) {
  const sequences = [];
  for await (const { inputIds, tokenTypeIds, lengths } of encode(tokenizer, request, maxLength, native)) {
    let start = 0;
    for (const length of lengths) {
      sequences.push({
        inputIds: inputIds.subarray(start, start + length),
        tokenTypeIds: tokenTypeIds.subarray(start, start + length),
      });
      start += length;
    }
  }
  sequences.sort((a, b) => b.inputIds.length - a.inputIds.length);
  const batches = [[]];
  let tokens = 0;
  for (const sequence of sequences) {
    tokens += sequence.inputIds.length;
    if (tokens > KERNEL_BATCH_TOKENS && batches.at(-1).length > 0) {
      batches.push([]);
      tokens = sequence.inputIds.length;
    }
    batches.at(-1).push(sequence);
  }
  return batches.map(pack);
}

function pack(sequences) {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach(({ inputIds }, i) => (offsets[i + 1] = offsets[i] + inputIds.length));
  const inputIds = new Int32Array(offsets.at(-1));
  const tokenTypeIds = new Uint8Array(offsets.at(-1));
  sequences.forEach((sequence, i) => {
    inputIds.set(sequence.inputIds, offsets[i]);
    tokenTypeIds.set(sequence.tokenTypeIds, offsets[i]);
  });
  return { inputIds, tokenTypeIds, offsets };
}

/** The part of a reranker's `info()` that reports name. */
function describeModel({ source, sha256, native, tokenizer, maxLength }) {
  const { path, device, deviceName, dtype, instructionSet, threads, reason } = native.info;
  return {
    model: source.id,
    revision: source.revision,
    folder: source.folder,
    sha256,
    path,
    device,
    deviceName,
    dtype,
    instructionSet,
    threads,
    reason,
    tokenizer: tokenizer.path,
    limits: { maxLength },
  };
}

async function closeModel(tokenizer, native) {
  tokenizer.close();
  await native.close();
}
