import { access, constants, readdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cacheFolder } from '../../index.js';
import { megabytes } from '../terminal.js';
import { atHome, type Fact } from './machine.js';

/** Where hub models are kept, whether that can be written, and which are there. */
export async function cacheFacts(folder = cacheFolder()): Promise<Fact[]> {
  const names = await readdir(folder).catch(() => undefined);
  const folders = (names ?? []).filter((name) => name.startsWith('models--'));
  const models = folders.map((name) => name.slice('models--'.length).replace('--', '/'));
  const state = names === undefined ? 'not there yet' : (await isWritable(folder)) ? 'writable' : 'NOT writable';
  return [
    { name: 'hub cache', value: `${atHome(folder)} (${state})` },
    { name: 'free disk', value: await freeSpace(folder) },
    { name: 'models in it', value: models.join(', ') || 'none' },
  ];
}

const isWritable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Of the disk that the nearest existing folder is on. */
async function freeSpace(folder: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return megabytes(bavail * bsize);
  } catch {
    return dirname(folder) === folder ? 'unknown' : freeSpace(dirname(folder));
  }
}
