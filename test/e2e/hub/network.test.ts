import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { pull } from '../../../dist/index.js';
import { HubCase, name, refusal } from './hub-case.js';

const at = new HubCase();

describe('a token', () => {
  it('goes to the hub and to no other host', async () => {
    at.hub.add(name, at.tiny, { privateFor: 'secret' });
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    mkdirSync(join(at.cache, 'home'));
    writeFileSync(join(at.cache, 'home', 'token'), 'secret\n');
    at.hub.seen.length = 0;
    await pull(name);
    const own = at.hub.seen.filter(({ host }) => `http://${host}` === at.hub.url);
    const others = at.elsewhere;
    expect(own.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    expect(others.length).toBeGreaterThan(0);
    expect(others.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});

describe('a token, when a listing goes on at another host,', () => {
  it('does not go there', async () => {
    at.hub.add(name, at.tiny);
    at.hub.pageSize = 2;
    at.hub.pagesElsewhere = true;
    vi.stubEnv('HF_TOKEN', 'secret');
    expect(await refusal(pull(name))).toMatchObject({ code: 'ERR_DOWNLOAD' });
    const others = at.elsewhere;
    expect(others.map(({ authorization }) => authorization)).toEqual([undefined]);
  });
});

describe('a proxy', () => {
  it('of the environment is used, unless NO_PROXY excepts the hub', async () => {
    at.hub.add(name, at.tiny);
    let tunnels = 0;
    const proxy = createServer((socket) => {
      socket.once('data', (head) => {
        tunnels++;
        const [, host, port] = /^CONNECT ([^:]+):(\d+)/.exec(head.toString())!;
        const target = connect(Number(port), host!, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        socket.pipe(target).pipe(socket);
        for (const end of [socket, target]) end.on('error', () => {});
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as { port: number }).port}`);
    vi.stubEnv('no_proxy', '127.0.0.1');
    await pull(name);
    expect(tunnels).toBe(0);
    rmSync(at.root, { recursive: true });
    vi.stubEnv('no_proxy', '');
    await pull(name);
    expect(tunnels).toBeGreaterThan(0);
    at.expectWhole();
    proxy.close();
  });
});
