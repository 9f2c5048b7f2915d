const terminal = process.stderr.isTTY;
const clear = terminal ? '\r\x1b[K' : '';

/**
 * Does one piece of work and leaves one line about it on stderr: its label, what `work` returns, its seconds. While it
 * lasts, a terminal shows a running line and a log gets one every 20 s; `work` is given a function to say how far it is.
 */
export async function step(label, work) {
  const began = performance.now();
  const line = (detail) => {
    const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    return `${clear}  ${[label, detail, seconds].filter(Boolean).join(', ')}`;
  };
  let reached = '';
  const tick = () => process.stderr.write(`${line(reached)} ...${terminal ? '' : '\n'}`);
  const timer = setInterval(tick, terminal ? 250 : 20_000);
  try {
    const result = await work((text) => { reached = text; });
    process.stderr.write(`${line(result)}\n`);
  } catch (error) {
    process.stderr.write(`${line('failed')}\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Ends a script with an error whose message says what to do; where it was thrown is of no interest. */
export function fail(error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
