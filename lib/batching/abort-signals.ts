type Callback = (reason: unknown) => void;

interface Watch {
  readonly callbacks: Set<Callback>;
  stop(): void;
}

// One listener per signal however many calls share it: Node warns of a leak beyond ten listeners on one signal.
const watches = new WeakMap<AbortSignal, Watch>();

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<Callback>();
  const listener = () => {
    stop();
    for (const callback of callbacks) callback(signal.reason);
  };
  const stop = () => {
    signal.removeEventListener('abort', listener);
    watches.delete(signal);
  };
  signal.addEventListener('abort', listener);
  const started = { callbacks, stop };
  watches.set(signal, started);
  return started;
}

/** Calls back once when `signal`, not aborted yet, aborts. The returned function takes it back and leaves nothing. */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  const { callbacks, stop } = watches.get(signal) ?? watch(signal);
  callbacks.add(callback);
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) stop();
  };
}
