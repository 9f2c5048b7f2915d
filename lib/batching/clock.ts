/** Time as the queue sees it; tests inject a virtual one. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Longest delay a Node timer can hold, about 24.8 days; a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Timers are not unref'd: each is the only thing some open call waits for (its timeout, its deadline, the end of the
 * gathering delay), and each is cancelled as soon as no call does.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
