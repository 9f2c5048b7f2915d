/** Milliseconds on a clock that every thread of the process shares; `performance.now()` starts anew in each. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;
