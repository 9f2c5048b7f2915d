import { RerankerError } from '../../errors.js';
import { isCommit } from '../hub-cache.js';
import type { HubTransport } from './transport.js';

/** One file of a repository. */
export interface HubFile {
  name: string;
  size: number;
  /** Name of its blob in the cache, as the hub's ETag: SHA-256 of what is in LFS, else the git hash. */
  etag: string;
  algorithm: 'sha256' | 'git';
}

export interface Listing {
  commit: string;
  /** Files of the top folder by name. Model files in folders are other formats. */
  files: Map<string, HubFile>;
}

const mostEntries = 10_000;

/**
 * What a repository holds at a revision. Everything that becomes a path on this machine is checked here.
 * @throws HubFailure; RerankerError `ERR_MODEL_CORRUPT` for a listing that no hub makes.
 */
export async function listRepository(transport: HubTransport, repository: string, revision: string): Promise<Listing> {
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const hub = { hubUrl: transport.endpoint, fetch: transport.fetch };
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ['sha'], ...hub });
  if (typeof sha !== 'string' || !isCommit(sha)) throw foul(repository, `its commit is ${JSON.stringify(sha)}`);

  const files = new Map<string, HubFile>();
  const entries = listFiles({ repo: { type: 'model', name: repository }, revision: sha, ...hub });
  let count = 0;
  for await (const { path, type, size, oid, lfs } of entries) {
    if (++count > mostEntries) throw foul(repository, `it has more than ${mostEntries} files`);
    checkPath(repository, path);
    if (type === 'directory' || path.includes('/')) continue;
    const etag = lfs ? lfs.oid : oid;
    const known = lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/;
    const bytes = lfs ? lfs.size : size;
    // Links and submodules have another type, and no content of their own.
    if (type !== 'file') throw foul(repository, `${path} is no file (${JSON.stringify(type)})`);
    if (typeof etag !== 'string' || !known.test(etag)) throw foul(repository, `${path} has no hash`);
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw foul(repository, `${path} has no size`);
    files.set(path, { name: path, size: bytes, etag, algorithm: lfs ? 'sha256' : 'git' });
  }
  return { commit: sha, files };
}

function checkPath(repository: string, path: unknown): asserts path is string {
  const parts = typeof path === 'string' ? path.split('/') : [''];
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0:]/.test(part))) {
    throw foul(repository, `it names a file ${JSON.stringify(path)}`);
  }
}

function foul(repository: string, problem: string): RerankerError {
  return new RerankerError(
    'ERR_MODEL_CORRUPT',
    `The hub's listing of ${repository} is not to be trusted: ${problem}. Nothing was written. Check HF_ENDPOINT and the ` +
      'repository.',
  );
}
