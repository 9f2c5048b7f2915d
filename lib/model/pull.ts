import { resolve } from 'node:path';
import { RerankerError } from '../errors.js';
import type { PulledModel, PullOptions } from '../types.js';
import { received } from '../validation/received.js';
import { hubCacheFolder } from './hub-cache.js';
import { downloadModel } from './hub/download.js';
import { isOffline } from './hub/settings.js';
import { isHubId } from './resolve.js';

/** Asks the hub, whatever the cache holds: a branch may have moved on, a file may be damaged. */
export async function pullModel(model: unknown, options: PullOptions): Promise<PulledModel> {
  if (!isHubId(model)) {
    throw new RerankerError(
      'ERR_INVALID_ARGUMENT',
      `model: expected a hub id 'owner/name' to pull, received ${received(model)}. Folders and 'starter' need no pulling.`,
    );
  }
  if (isOffline()) {
    throw new RerankerError('ERR_DOWNLOAD', `${model} cannot be pulled: HF_HUB_OFFLINE is set. Unset it.`);
  }
  const { revision = 'main', cacheDir = hubCacheFolder(), signal, onProgress } = options;
  const request = { repository: model, revision, cache: resolve(cacheDir), verify: true, signal, onProgress };
  const { folder, commit, files } = await downloadModel(request);
  return { model, revision: commit, folder, files };
}
