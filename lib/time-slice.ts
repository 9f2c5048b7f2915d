import { setImmediate } from 'node:timers/promises';

const sliceMs = 4;

/** Long loops over a caller's data ask this between items, so that they never hold the event loop for long. */
export class TimeSlice {
  #end = performance.now() + sliceMs;

  get spent(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets everything else that is due run first. */
  async renew(): Promise<void> {
    await setImmediate();
    this.#end = performance.now() + sliceMs;
  }
}

/** The values of `map` for 0 to `count` - 1, computed in time slices. */
export async function mapInSlices<T>(count: number, map: (index: number) => T): Promise<T[]> {
  const slice = new TimeSlice();
  const values: T[] = [];
  for (let index = 0; index < count; index++) {
    values.push(map(index));
    if (slice.spent) await slice.renew();
  }
  return values;
}
