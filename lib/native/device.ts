import type { Device, PackedBatch } from '../batching/types.js';
import { fromNative } from '../errors.js';
import type { NativeModel } from './addon.js';

/** A native model as the batch queue sees it, with errors of our class. */
export class NativeDevice implements Device {
  readonly labels: number;
  readonly #model: NativeModel;

  constructor(model: NativeModel) {
    this.#model = model;
    this.labels = model.info.labels;
  }

  async score(batch: PackedBatch, onUnderWay?: () => void): Promise<Float32Array> {
    try {
      return await this.#model.score(batch, onUnderWay);
    } catch (error) {
      throw fromNative(error);
    }
  }
}
