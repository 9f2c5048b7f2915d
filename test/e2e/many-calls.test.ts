import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loadTiny, query, someDocuments } from './tiny-reranker.js';

const documents = someDocuments(200);

/** A fixed sequence of numbers from 0 to 1, so that a failure can be repeated. */
function* numbers(seed: number): Generator<number, never> {
  for (;;) yield (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

describe('60 overlapping calls, some aborted, late or invalid', () => {
  it('leave every other score what it is alone, at its index, and nothing behind', async () => {
    const reranker = await loadTiny();
    const pairs = documents.map((document): [string, string] => [query, document]);
    const alone: number[] = [];
    for (const pair of pairs) alone.push(...(await reranker.score([pair], { activation: 'identity' })));
    const before = reranker.stats().counters;

    const random = numbers(14);
    const next = (below: number) => Math.floor(random.next().value * below);
    const calls = Array.from({ length: 60 }, async (_, call) => {
      await sleep(next(40));
      const indices = Array.from({ length: 1 + next(200) }, () => next(documents.length));
      const texts = indices.map((i) => documents[i]!);
      const logitAt = (index: number) => alone[indices[index]!];
      const weight = 1 + next(3);
      switch (call % 6) {
        case 0: {
          const ranking = reranker.rank(query, texts, { signal: AbortSignal.timeout(next(30)) });
          return ranking.then(() => 'done', (error: Error) => error.name);
        }
        case 1: {
          const ranking = reranker.rank(query, texts, { timeoutMs: 1 + next(20) });
          return ranking.then(() => 'done', (error: { code: string }) => error.code);
        }
        case 2: {
          const ranking = reranker.rank(query, [...texts, null as unknown as string]);
          return ranking.catch((error: { code: string }) => error.code);
        }
        case 3: {
          for await (const { index, logit } of reranker.scoreStream(query, texts, { weight })) {
            expect(logit).toBe(logitAt(index));
          }
          return 'done';
        }
        case 4: {
          const scores = await reranker.score(texts.map((text) => [query, text]), { activation: 'identity', fairnessKey: next(2) });
          expect(scores).toEqual(indices.map((_, index) => logitAt(index)));
          return 'done';
        }
        default: {
          const results = await reranker.rank(query, texts, { weight });
          expect(results).toHaveLength(texts.length);
          for (const { index, logit, document } of results) {
            expect(logit).toBe(logitAt(index));
            expect(document).toBe(texts[index]);
          }
          return 'done';
        }
      }
    });
    const outcomes = await Promise.all(calls);

    const of = (kind: number) => new Set(outcomes.filter((_, call) => call % 6 === kind));
    expect([...of(0)].every((outcome) => outcome === 'done' || outcome === 'TimeoutError')).toBe(true);
    expect([...of(1)].every((outcome) => outcome === 'done' || outcome === 'ERR_TIMEOUT')).toBe(true);
    expect(of(2)).toEqual(new Set(['ERR_INVALID_ARGUMENT']));
    for (const kind of [3, 4, 5]) expect(of(kind)).toEqual(new Set(['done']));

    const { counters, gauges } = reranker.stats();
    expect(gauges).toMatchObject({ queuedPairs: 0, queuedTokens: 0, inFlight: 0 });
    const ended = (['completed', 'aborted', 'timedOut', 'failed'] as const).map((name) => counters[name] - before[name]);
    expect(ended.reduce((sum, count) => sum + count)).toBe(60);
    await reranker.close();
  });
});
