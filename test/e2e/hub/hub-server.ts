import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the next request for a path meets instead of service. */
export type Fault =
  | { status: number; retryAfter?: string }
  | { cutAfter: number }
  | { stallAfter: number }
  | { slow: { bytes: number; everyMs: number } }
  | { ignoreRange: true }
  | { corrupt: true }
  | { declare: number };

export interface Repository {
  /** Branches and tags; every repository has one commit. */
  refs: string[];
  files: Map<string, Buffer>;
  /** Raw entries added to the listing as they stand. */
  foulEntries?: object[];
  gated?: boolean;
  privateFor?: string;
  movedTo?: string;
}

export interface SeenRequest {
  method: string;
  path: string;
  range?: string;
  authorization?: string;
  host: string;
}

const lfsFrom = 10_000;

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
export const gitHash = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const isLfs = (bytes: Buffer) => bytes.length >= lfsFrom;
export const etagOf = (bytes: Buffer) => (isLfs(bytes) ? sha256(bytes) : gitHash(bytes));

/** A Hugging Face hub on 127.0.0.1, and the other host that it keeps large files on. */
export class HubServer {
  readonly repositories = new Map<string, Repository>();
  readonly seen: SeenRequest[] = [];
  readonly #faults = new Map<string, Fault[]>();
  readonly #hub: Server;
  readonly #storage: Server;
  pageSize = 1000;
  /** Further pages of listings are said to be on the other host. */
  pagesElsewhere = false;

  private constructor() {
    this.#hub = createServer((request, response) => this.#serve(request, response));
    this.#storage = createServer((request, response) => this.#serveStorage(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const part of [server.#hub, server.#storage]) {
      await new Promise<void>((resolve) => part.listen(0, '127.0.0.1', resolve));
    }
    return server;
  }

  get url(): string {
    return addressOf(this.#hub);
  }

  /** The next requests whose path ends so meet these, one each. */
  fail(pathEnd: string, ...faults: Fault[]): void {
    this.#faults.set(pathEnd, faults);
  }

  add(name: string, files: Record<string, Buffer>, more: Partial<Repository> = {}): string {
    this.repositories.set(name, { refs: ['main'], files: new Map(Object.entries(files)), ...more });
    return this.commitOf(name);
  }

  commitOf(name: string): string {
    const hash = createHash('sha1').update(name);
    for (const [path, bytes] of this.repositories.get(name)!.files) hash.update(path).update(bytes);
    return hash.digest('hex');
  }

  requests(pathEnd: string): SeenRequest[] {
    return this.seen.filter(({ path }) => path.endsWith(pathEnd));
  }

  reset(): void {
    this.repositories.clear();
    this.seen.length = 0;
    this.#faults.clear();
    this.pageSize = 1000;
    this.pagesElsewhere = false;
  }

  async stop(): Promise<void> {
    for (const part of [this.#hub, this.#storage]) {
      part.closeAllConnections();
      await new Promise((resolve) => part.close(resolve));
    }
  }

  #note(request: IncomingMessage): URL {
    const url = new URL(request.url!, `http://${request.headers.host}`);
    const { range, authorization } = request.headers;
    this.seen.push({ method: request.method!, path: decodeURIComponent(url.pathname), range, authorization, host: url.host });
    return url;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = this.#note(request);
    const path = decodeURIComponent(url.pathname);
    const api = /^\/api\/models\/([^/]+\/[^/]+)(?:\/(revision|tree)\/(.+))?$/.exec(path);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/(.+)\/([^/]+)$/.exec(path);
    const name = (api ?? file)?.[1] ?? '';
    const repository = this.repositories.get(name);
    if (repository?.movedTo) return redirect(response, 307, url.pathname.replace(name, repository.movedTo) + url.search);
    const fault = this.#nextFault(path);
    if (fault && 'status' in fault) return refuse(response, fault.status, undefined, fault.retryAfter);
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (!repository || (repository.privateFor && repository.privateFor !== token)) {
      return refuse(response, token ? 404 : 401, 'RepoNotFound');
    }
    const commit = this.commitOf(name);
    const revision = (api ? api[3] : file![2]) ?? 'main';
    if (revision !== commit && !repository.refs.includes(revision)) return refuse(response, 404, 'RevisionNotFound');
    if (api) return this.#serveApi(url, response, name, repository, api[2] ?? 'revision');
    if (repository.gated && token !== 'hf_granted') return refuse(response, token ? 403 : 401, 'GatedRepo');
    this.#serveFile(request, response, repository, commit, file![3]!, fault);
  }

  #serveApi(url: URL, response: ServerResponse, name: string, repository: Repository, what: string): void {
    const files = [...repository.files];
    if (what === 'revision') {
      const siblings = files.map(([rfilename]) => ({ rfilename }));
      return json(response, { _id: '1', id: name, modelId: name, sha: this.commitOf(name), private: false, gated: repository.gated ?? false, downloads: 0, likes: 0, tags: [], lastModified: '2025-01-01T00:00:00.000Z', siblings });
    }
    const entries = files.map(([path, bytes]) => ({
      type: 'file', path, size: bytes.length, oid: gitHash(isLfs(bytes) ? Buffer.from(pointer(bytes)) : bytes),
      ...(isLfs(bytes) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: pointer(bytes).length } }),
    }));
    const all = [...entries, ...(repository.foulEntries ?? [])];
    const from = Number(url.searchParams.get('cursor') ?? 0);
    if (from + this.pageSize < all.length) {
      const next = new URL(url.pathname + url.search, this.pagesElsewhere ? addressOf(this.#storage) : url);
      next.searchParams.set('cursor', String(from + this.pageSize));
      response.setHeader('link', `<${next}>; rel="next"`);
    }
    json(response, all.slice(from, from + this.pageSize));
  }

  #serveFile(request: IncomingMessage, response: ServerResponse, repository: Repository, commit: string, name: string, fault?: Fault): void {
    response.setHeader('x-repo-commit', commit);
    const bytes = repository.files.get(name);
    if (!bytes) return refuse(response, 404, 'EntryNotFound');
    if (!isLfs(bytes)) {
      response.setHeader('etag', `"${etagOf(bytes)}"`);
      return void send(request, response, bytes, fault);
    }
    response.setHeader('x-linked-etag', `"${etagOf(bytes)}"`);
    response.setHeader('x-linked-size', bytes.length);
    redirect(response, 302, `${addressOf(this.#storage)}/lfs/${etagOf(bytes)}?signature=secret`);
  }

  #serveStorage(request: IncomingMessage, response: ServerResponse): void {
    const url = this.#note(request);
    const all = [...this.repositories.values()].flatMap(({ files }) => [...files]);
    const [name, bytes] = all.find(([, content]) => url.pathname === `/lfs/${etagOf(content)}`) ?? [];
    if (!bytes || url.searchParams.get('signature') !== 'secret') return refuse(response, 403);
    response.setHeader('etag', `"${etagOf(bytes)}"`);
    void send(request, response, bytes, this.#nextFault(`/lfs/${name}`));
  }

  #nextFault(path: string): Fault | undefined {
    for (const [end, faults] of this.#faults) if (path.endsWith(end)) return faults.shift();
    return undefined;
  }
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const pointer = (bytes: Buffer) => `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`;

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json; charset=utf-8').end(JSON.stringify(value));
}

function redirect(response: ServerResponse, status: number, location: string): void {
  response.writeHead(status, { location, 'content-length': 0 }).end();
}

function refuse(response: ServerResponse, status: number, code?: string, retryAfter?: string): void {
  if (code) response.setHeader('x-error-code', code);
  if (retryAfter) response.setHeader('retry-after', retryAfter);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: code ?? 'refused' }));
}

async function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer, fault: Fault = { slow: { bytes: Infinity, everyMs: 0 } }): Promise<void> {
  const range = 'ignoreRange' in fault ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  const to = range?.[2] ? Number(range[2]) + 1 : bytes.length;
  const body = Buffer.from(bytes.subarray(from, to));
  if ('corrupt' in fault) body[body.length >> 1]! ^= 1;
  const length = 'declare' in fault ? fault.declare : body.length;
  response.setHeader('accept-ranges', 'bytes').setHeader('content-length', length);
  if (range) response.setHeader('content-range', `bytes ${from}-${to - 1}/${'declare' in fault ? fault.declare : bytes.length}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD') return void response.end();
  if ('cutAfter' in fault) return void response.write(body.subarray(0, fault.cutAfter), () => response.destroy());
  if ('stallAfter' in fault) return void response.write(body.subarray(0, fault.stallAfter));
  if ('declare' in fault) return void response.write(body, () => response.destroy());
  if (!('slow' in fault) || fault.slow.bytes === Infinity) return void response.end(body);
  for (let at = 0; at < body.length && !response.destroyed; at += fault.slow.bytes) {
    response.write(body.subarray(at, at + fault.slow.bytes));
    await new Promise((resolve) => setTimeout(resolve, fault.slow.everyMs));
  }
  response.end();
}
