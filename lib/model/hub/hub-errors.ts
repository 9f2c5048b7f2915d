import { RerankerError } from '../../errors.js';
import { nearNames } from '../known.js';
import { HubFailure } from './transport.js';

/** What was asked of which hub: the context that errors need. */
export interface HubRequest {
  repository: string;
  revision: string;
  /** Hub cache folder. */
  cache: string;
  endpoint: string;
  hasToken: boolean;
  /** Of a pull: the model may be in the cache. */
  verify?: boolean;
}

const instead =
  "give the path of a folder that holds it, or load 'starter', the small model of a clone or of @mlx-rerank/starter, which needs no network";

/** The model is not on this machine and must not be, or cannot be, fetched. */
export function notCached(
  { repository, revision, cache }: Pick<HubRequest, 'repository' | 'revision' | 'cache'>,
  why: string,
  cause?: unknown,
): RerankerError {
  return new RerankerError(
    'ERR_MODEL_NOT_FOUND',
    `model: ${repository} (revision ${revision}) is not complete in the Hugging Face cache ${cache}, and ${why}. Fetch it ` +
      `where there is a network (mlx-rerank pull ${repository}, or any Hugging Face tool), ${instead}.`,
    { cause },
  );
}

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

/** Turns what went wrong while talking to a hub, or while writing, into what the caller is told. */
export function explain(error: unknown, request: HubRequest): unknown {
  if (error instanceof HubFailure) return explainAnswer(error, request);
  const { code } = error as NodeJS.ErrnoException;
  const { repository, cache } = request;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message =
      `${repository}: the disk of ${cache} is full. What came is kept; make room and try again, or choose another disk ` +
      'with cacheDir or HF_HUB_CACHE.';
    return new RerankerError('ERR_DOWNLOAD', message, { cause: error });
  }
  if (code !== undefined && unwritable.has(code)) {
    const message =
      `${repository}: the cache ${cache} cannot be written to (${code}). Choose another folder with cacheDir or ` +
      'HF_HUB_CACHE.';
    return new RerankerError('ERR_DOWNLOAD', message, { cause: error });
  }
  return error;
}

function explainAnswer(error: HubFailure, request: HubRequest): RerankerError {
  const { repository, revision, endpoint, hasToken } = request;
  const { status, reason } = error;
  const fail = (code: 'ERR_MODEL_NOT_FOUND' | 'ERR_DOWNLOAD', message: string) =>
    new RerankerError(code, message, { cause: error });

  if (status === undefined) {
    const why = `${endpoint} cannot be reached (${error.message})`;
    if (!request.verify) return notCached(request, why, error);
    return fail('ERR_DOWNLOAD', `${repository}: ${why}. Check the network, HF_ENDPOINT and HTTPS_PROXY.`);
  }
  if (reason === 'GatedRepo') {
    const todo = hasToken
      ? 'the token in use has no access. Ask for access on that page with the account of the token'
      : 'it needs a token. Ask for access on that page, then set HF_TOKEN to a token of your account';
    return fail('ERR_DOWNLOAD', `${repository} is gated at ${endpoint}/${repository}, and ${todo}.`);
  }
  if (reason === 'RevisionNotFound') {
    const message = `${repository} is on ${endpoint}, but has no revision ${revision}. Give a branch, a tag or a commit.`;
    return fail('ERR_MODEL_NOT_FOUND', message);
  }
  if (reason === 'EntryNotFound') {
    return fail('ERR_DOWNLOAD', `${repository}: a file that the hub lists is not there (${error.message}). Try again.`);
  }
  // The hub says 401 for a repository that does not exist, so as not to tell of private ones.
  if (status === 404 || (reason === 'RepoNotFound' && (status === 401 || status === 403))) {
    const near = nearNames(repository).filter((name) => name !== repository);
    const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
    const token = hasToken ? '' : ' If it is private, set HF_TOKEN.';
    const message = `model: there is no ${repository} at ${endpoint}.${hint}${token} Otherwise ${instead}.`;
    return fail('ERR_MODEL_NOT_FOUND', message);
  }
  if (status === 401 || status === 403) {
    const todo = hasToken ? 'The token in use was refused; check HF_TOKEN.' : 'Set HF_TOKEN to a token with access.';
    return fail('ERR_DOWNLOAD', `${repository}: ${endpoint} refuses access (HTTP status ${status}). ${todo}`);
  }
  if (status === 429) {
    return fail('ERR_DOWNLOAD', `${repository}: ${endpoint} asks for fewer requests (HTTP status 429). Try again later.`);
  }
  return fail('ERR_DOWNLOAD', `${repository}: ${endpoint} failed (${error.message}). Try again later.`);
}
