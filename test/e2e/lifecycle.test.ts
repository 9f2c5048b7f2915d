import { describe, expect, it } from 'vitest';
import type { Reranker } from '../../dist/index.js';
import { loadTiny, query, someDocuments } from './tiny-reranker.js';

const documents = someDocuments(400);

/** Every call a closed reranker must refuse. */
function everyCall(reranker: Reranker): Promise<unknown>[] {
  return [
    reranker.rank(query, documents),
    reranker.rank(query, []),
    reranker.score([[query, 'bread']]),
    reranker.scoreStream(query, documents).next(),
    reranker.warmup(),
  ];
}

describe('close', () => {
  it('rejects what is queued, and whatever comes after', async () => {
    const reranker = await loadTiny();
    const calls = Array.from({ length: 10 }, () => reranker.score(documents.map((document) => [query, document])));
    const outcomes = Promise.allSettled(calls);
    await reranker.close();
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_CLOSED' });
      else expect(outcome.value).toHaveLength(documents.length);
    }
    expect((await outcomes).some(({ status }) => status === 'rejected')).toBe(true);
    for (const call of everyCall(reranker)) await expect(call).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('finishes what is queued when told to drain', async () => {
    const reranker = await loadTiny();
    const expected = await reranker.score(documents.map((document) => [query, document]));
    const calls = Array.from({ length: 5 }, () => reranker.score(documents.map((document) => [query, document])));
    const closed = reranker.close({ drain: true });
    for (const call of everyCall(reranker)) await expect(call).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    for (const call of calls) expect(await call).toEqual(expected);
    await closed;
  });

  it('may be called twice, and the second call may be less patient', async () => {
    const reranker = await loadTiny();
    const call = reranker.score(someDocuments(5000).map((document) => [query, document]));
    const outcome = expect(call).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await new Promise(setImmediate);
    const drained = reranker.close({ drain: true });
    await Promise.all([reranker.close(), drained, outcome]);
    await reranker.close();
  });

  it('ends a stream whose source is waiting', async () => {
    const reranker = await loadTiny();
    async function* source() {
      yield 'bread';
      await new Promise(() => {});
    }
    const stream = reranker.scoreStream(query, source());
    await stream.next();
    const next = expect(stream.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await reranker.close();
    await next;
  });

  it('is what await using does', async () => {
    const reranker = await loadTiny();
    await reranker[Symbol.asyncDispose]();
    await expect(reranker.rank(query, ['bread'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('of one reranker leaves another on the same model alone', async () => {
    const [first, second] = await Promise.all([loadTiny(), loadTiny()]);
    const call = second.score(documents.map((document) => [query, document]));
    await first.close();
    expect(await call).toHaveLength(documents.length);
    await second.close();
  });
});

describe('a call that is given up', () => {
  it('rejects with the reason of its signal and leaves others alone', async () => {
    const reranker = await loadTiny();
    const expected = await reranker.score(documents.map((document) => [query, document]));
    const controller = new AbortController();
    const reason = new Error('user went away');
    const aborted = Array.from({ length: 4 }, () => reranker.rank(query, documents, { signal: controller.signal }));
    const others = Array.from({ length: 4 }, () => reranker.score(documents.map((document) => [query, document])));
    const outcomes = Promise.allSettled(aborted);
    await new Promise(setImmediate);
    controller.abort(reason);
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason });
    for (const other of others) expect(await other).toEqual(expected);
    expect(reranker.stats().gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0, inFlight: 0 });
    await reranker.close();
  });

  it('never starts if the signal has fired before', async () => {
    const reranker = await loadTiny();
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    await expect(reranker.rank(query, documents, { signal })).rejects.toBe(reason);
    await expect(reranker.score([[query, 'bread']], { signal })).rejects.toBe(reason);
    await expect(reranker.scoreStream(query, documents, { signal }).next()).rejects.toBe(reason);
    expect(reranker.stats().counters.pairs).toBe(0);
    await reranker.close();
  });
});

describe('a call that takes too long', () => {
  const many = someDocuments(50_000);

  it('rejects at its timeout', async () => {
    const reranker = await loadTiny();
    await expect(reranker.rank(query, many, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(await reranker.rank(query, ['bread'], { timeoutMs: 60_000 })).toHaveLength(1);
    await reranker.close();
  });

  it('returns at its deadline what is scored by then, marked', async () => {
    const reranker = await loadTiny();
    const results = await reranker.rank(query, many, { deadlineMs: 300 });
    expect(results.length).toBeGreaterThan(0);
    expect(results.length).toBeLessThan(many.length);
    expect(results.every(({ partial }) => partial === true)).toBe(true);
    const logits = results.map(({ logit }) => logit);
    expect(logits).toEqual([...logits].sort((a, b) => b - a));
    const inTime = await reranker.rank(query, documents.slice(0, 3), { deadlineMs: 60_000 });
    expect(inTime).toHaveLength(3);
    expect(inTime[0]).not.toHaveProperty('partial');
    await reranker.close();
  });

  it('never returns an empty list at its deadline: that would look complete', async () => {
    const reranker = await loadTiny();
    await expect(reranker.rank(query, many, { deadlineMs: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    await reranker.close();
  });
});

describe('a call that comes when too much is queued', () => {
  it('is refused with a time to come back, and the queued ones go on', async () => {
    const reranker = await loadTiny({ maxQueueSize: 10 });
    const long = someDocuments(5000).map((document): [string, string] => [query, document]);
    let running = true;
    const first = reranker.score(long).finally(() => (running = false));
    let refused: { code: string; retryAfterMs: number } | undefined;
    while (running && !refused) await reranker.rank(query, ['bread']).catch((error) => (refused = error));
    expect(refused).toMatchObject({ code: 'ERR_OVERLOADED' });
    expect(refused!.retryAfterMs).toBeGreaterThan(0);
    expect(await first).toHaveLength(long.length);
    expect(await reranker.rank(query, ['bread'])).toHaveLength(1);
    await reranker.close();
  });
});
