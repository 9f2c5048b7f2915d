import { parentPort } from 'node:worker_threads';
import { RerankerError } from '../errors.js';
import { Job } from './job.js';
import type { Reply, Request, TokenizerFacts } from './messages.js';
import { createPairEncoder, type PairEncoder } from './pair-encoder.js';
import { specialTokensOf } from './pair-template.js';
import { RoundRobin } from './round-robin.js';
import { parseTokenizerFiles, readTokenizerFiles, vocabSizeOf } from './tokenizer-json.js';
import type { TokenizerFiles } from './types.js';

// The tokenizer thread: loads tokenizers, and encodes the calls of all of them in turn.

interface Loaded {
  pairs: PairEncoder;
  facts: TokenizerFacts;
}

const port = parentPort!;
const models = new Map<number, Loaded>();
const jobs = new Map<number, Job>();
const turns = new RoundRobin(run);

port.on('message', (request: Request) => {
  try {
    handle(request);
  } catch (error) {
    fail(request.id, error);
  }
});

function handle(request: Request): void {
  const { id } = request;
  if (request.kind === 'load') {
    const loaded = load(request.files);
    models.set(id, loaded);
    port.postMessage({ kind: 'loaded', id, facts: loaded.facts } satisfies Reply);
  } else if (request.kind === 'unload') {
    models.delete(id);
  } else if (request.kind === 'open') {
    jobs.set(id, new Job(id, models.get(request.model)!.pairs, request.options, send));
  } else {
    // A job that failed is gone, while messages to it may still be on their way.
    const job = jobs.get(id);
    if (!job) return;
    if (request.kind === 'pairs') job.addBatch(request.batch);
    if (request.kind === 'part') job.addPart(request.part, request.last);
    if (request.kind === 'continue') job.continue();
    if (request.kind === 'end') remove(job);
    else turns.wake(job);
  }
}

function load(files: TokenizerFiles): Loaded {
  const bytes = readTokenizerFiles(files);
  const { digest } = bytes;
  for (const loaded of models.values()) if (loaded.facts.digest === digest) return loaded;
  const json = parseTokenizerFiles(bytes);
  const pairs = createPairEncoder(json);
  const specialTokens = specialTokensOf(pairs.template);
  return { pairs, facts: { vocabSize: vocabSizeOf(json), path: pairs.encoder.path, specialTokens, digest } };
}

function run(job: Job, until: number): boolean {
  try {
    let state = job.step();
    while (state === 'working' && performance.now() < until) state = job.step();
    return state !== 'waiting';
  } catch (error) {
    remove(job);
    fail(job.id, error);
    return false;
  }
}

function remove(job: Job): void {
  jobs.delete(job.id);
  turns.remove(job);
}

function send(reply: Extract<Reply, { kind: 'slice' | 'more' }>): void {
  port.postMessage(reply, reply.kind === 'slice' ? [reply.slice.inputIds.buffer as ArrayBuffer] : []);
}

function fail(id: number, error: unknown): void {
  const code = error instanceof RerankerError ? error.code : undefined;
  const { message, cause } = error as Error;
  port.postMessage({ kind: 'failed', id, code, message, cause: code ? cause : error } satisfies Reply);
}
