import { setTimeout as delay } from 'node:timers/promises';
import { packageVersion } from '../../package.js';
import type { HubSettings } from './settings.js';
import { StallTimer } from './stall-timer.js';

/** What went wrong with a request, before anyone knows what it was for. */
export class HubFailure extends Error {
  /** HTTP status; absent when no answer came. */
  readonly status: number | undefined;
  /** The hub's own word for it, such as `RepoNotFound`. */
  readonly reason: string | undefined;

  constructor(message: string, options: { status?: number; reason?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'HubFailure';
    this.status = options.status;
    this.reason = options.reason;
  }
}

const mostTries = 4;
const firstDelayMs = 300;
const longestDelayMs = 30_000;

/** Requests to one hub: token, proxy, patience with a hub that is busy, none with one that is silent. */
export class HubTransport {
  readonly endpoint: string;
  readonly stallMs: number;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(settings: HubSettings, signal?: AbortSignal) {
    this.endpoint = settings.endpoint;
    this.stallMs = settings.stallMs;
    this.#token = settings.token;
    this.#signal = signal;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** `fetch` for a library. The timer goes on over the body, which is short there. */
  readonly fetch: typeof fetch = async (input, init) => {
    const { response } = await this.open(input instanceof Request ? input.url : String(input), init);
    return response;
  };

  /**
   * Resolves to an answer of success, and the timer that watches over its body. Connections that fail, 408, 429 and
   * 5xx are tried again, after what `Retry-After` says or longer each time.
   * @throws HubFailure, or the reason of the signal.
   */
  async open(url: string, init?: RequestInit): Promise<{ response: Response; timer: StallTimer }> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#once(url, init);
      if ('response' in outcome) return outcome;
      if (!outcome.again || tries === mostTries) throw outcome.failure;
      const pause = outcome.afterMs ?? firstDelayMs * 2 ** (tries - 1);
      await this.pause(Math.min(pause, longestDelayMs));
    }
  }

  /** Waits, unless the signal aborts. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => {});
    this.#signal?.throwIfAborted();
  }

  async #once(url: string, init: RequestInit | undefined): Promise<Outcome> {
    this.#signal?.throwIfAborted();
    const timer = new StallTimer(this.stallMs, this.#signal);
    let response: Response;
    try {
      const fetching = await fetchFor(url);
      response = await fetching(url, { ...init, headers: this.#headers(url, init), signal: timer.signal });
    } catch (cause) {
      timer.stop();
      this.#signal?.throwIfAborted();
      return { failure: new HubFailure(`${bare(url)}: ${describe(cause)}`, { cause }), again: true };
    }
    timer.restart();
    if (response.ok) return { response, timer };
    const { status } = response;
    const reason = response.headers.get('x-error-code') ?? undefined;
    await response.body?.cancel().catch(() => {});
    timer.stop();
    return {
      failure: new HubFailure(`${bare(url)}: HTTP status ${status}`, { status, reason }),
      again: status === 408 || status === 429 || status >= 500,
      afterMs: retryAfterMs(response),
    };
  }

  /** The token goes to the hub alone; `fetch` drops it when the hub redirects to another host. */
  #headers(url: string, init: RequestInit | undefined): Headers {
    const headers = new Headers(init?.headers);
    headers.set('user-agent', `mlx-rerank/${packageVersion}; node/${process.versions.node}`);
    if (this.#token !== undefined && new URL(url).origin === new URL(this.endpoint).origin) {
      headers.set('authorization', `Bearer ${this.#token}`);
    }
    return headers;
  }
}

type Outcome =
  | { response: Response; timer: StallTimer }
  | { failure: HubFailure; again: boolean; afterMs?: number };

const proxyNames = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/** Node's own fetch, which knows no proxy, unless the environment names one for this address. */
async function fetchFor(url: string): Promise<typeof fetch> {
  if (!proxyNames.some((name) => process.env[name])) return fetch;
  const { getProxyForUrl } = await import('proxy-from-env');
  const proxy = getProxyForUrl(url);
  if (!proxy) return fetch;
  const undici = await import('undici');
  const dispatcher = new undici.ProxyAgent(proxy);
  return ((input: string, init: object) =>
    undici.fetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}

function retryAfterMs(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Without the query, which says nothing to a reader and may hold a signature. */
const bare = (url: string): string => url.replace(/\?.*/, '');

/** `fetch failed` says nothing; what says something is beneath it. */
export function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as { code?: string; message?: string };
  return message || code || String(cause);
}
