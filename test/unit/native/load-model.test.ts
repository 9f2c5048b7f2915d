import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PackedBatch } from '../../../lib/batching/types.js';
import type { GpuTrial, NativeAddon, NativeInfo, NativeLoadOptions, NativeModel } from '../../../lib/native/addon.js';
import type { GateHost } from '../../../lib/native/gpu-gate.js';
import type { GateOutcome } from '../../../lib/native/gpu-verdict.js';
import { loadModel } from '../../../lib/native/load-model.js';
import { VerdictCache } from '../../../lib/native/verdict-cache.js';

const auto: NativeLoadOptions = { device: 'auto', path: 'auto', dtype: 'auto', tokenizerSize: 0 };
const trial: GpuTrial = {
  dtype: 'float16',
  tolerance: 0.08,
  cpuMs: 50,
  forms: [
    { name: 'plain', maxError: 0.01, ms: 9 },
    { name: 'padded', maxError: 0.01, ms: 6 },
  ],
};

/** A machine whose GPU is as the test says; it remembers what was done to it. */
class Machine implements GateHost {
  env: NodeJS.ProcessEnv = {};
  cache: VerdictCache;
  packageVersion = '1.0.0';
  os = 'macOS 23A1';
  outcome: GateOutcome = { kind: 'tried', trial };
  gpuName: string | null = 'Apple M9';
  /** Of this process. */
  fault: string | null = null;
  /** What loading on the GPU does to this process. */
  hangsAtLoad = false;
  mlxVersion: string | null = '0.32.4';
  checks = 0;
  asked = 0;
  loads: NativeLoadOptions[] = [];

  constructor(readonly folder: string) {
    this.cache = new VerdictCache(join(folder, 'gpu-gate.json'));
    writeFileSync(join(folder, 'config.json'), '{"hidden_size": 384}');
  }

  osBuild = async () => this.os;
  tryGpu = async () => {
    this.checks++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.outcome;
  };

  readonly addon: NativeAddon = {
    version: '1.0.0',
    mlxVersion: '0.32.4',
    gpu: async () => {
      this.asked++;
      return this.gpuName === null ? null : { name: this.gpuName, architecture: 'g99', memoryBytes: 2 ** 34 };
    },
    tryGpu: () => Promise.reject(new Error('in this process, nobody tries')),
    deviceFault: () => this.fault,
    load: async (_folder, options) => {
      this.loads.push(options);
      if (this.hangsAtLoad && options.device !== 'cpu') this.fault = 'the GPU gave no answer for 60 s';
      const wantsCpu = options.device === 'cpu' || options.path === 'cpu' || this.mlxVersion === null;
      const onGpu = !wantsCpu && this.gpuName !== null && this.fault === null;
      if (options.device === 'gpu' && !onGpu) throw Object.assign(new Error('no GPU'), { code: 'ERR_DEVICE' });
      return { ...model(onGpu ? 'gpu' : 'cpu'), score: (batch) => this.scores(batch) };
    },
  };
  scores = async ({ inputIds }: PackedBatch) => Float32Array.from(inputIds);

  load(options: Partial<NativeLoadOptions> = {}): Promise<NativeModel> {
    return loadModel({ ...this.addon, mlxVersion: this.mlxVersion }, this.folder, { ...auto, ...options }, this);
  }

  /** Another process on the same machine. */
  restart(): Machine {
    const next = new Machine(this.folder);
    next.outcome = { kind: 'crashed', how: 'a check that should not have run', stderr: '' };
    return next;
  }
}

function model(device: 'gpu' | 'cpu'): NativeModel {
  const info = { device, path: device === 'gpu' ? 'mlx' : 'cpu', reason: `The addon's reason for ${device}.` } as NativeInfo;
  return {
    info,
    score: () => Promise.reject(new Error('replaced')),
    memory: () => ({ active: 1, cache: 2, peak: 3 }),
    close: async () => {},
  };
}

const reasonOf = async (loading: Promise<NativeModel>) => (await loading).info.reason;

let folder: string;
let machine: Machine;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'load-model-'));
  machine = new Machine(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a GPU that passes', () => {
  it('is checked once on a machine; later loads take the form that was fastest', async () => {
    const first = await machine.load();
    expect(first.info).toMatchObject({ device: 'gpu', path: 'mlx' });
    expect(first.info.reason).toBe(
      "The addon's reason for gpu. Attention padded, the fastest when this machine was checked (plain 9.0 ms, padded 6.0 ms).",
    );
    const next = machine.restart();
    expect(await reasonOf(next.load())).toBe(first.info.reason);
    expect([machine.checks, next.checks]).toEqual([1, 0]);
    for (const { loads } of [machine, next]) expect(loads).toEqual([{ ...auto, attention: 'padded' }]);
  });

  it('is checked once for loads that come together', async () => {
    await Promise.all([machine.load(), machine.load(), machine.load()]);
    expect(machine.checks).toBe(1);
    expect(machine.loads).toHaveLength(3);
  });

  it('gives a model that scores as the one of the addon does', async () => {
    const loaded = await machine.load();
    const batch: PackedBatch = { inputIds: Int32Array.of(7), tokenTypeIds: new Uint8Array(1), offsets: Int32Array.of(0, 1) };
    expect(await loaded.score(batch)).toEqual(Float32Array.of(7));
    expect(loaded.memory()).toEqual({ active: 1, cache: 2, peak: 3 });
    await loaded.close();
  });

  it.each<[string, (machine: Machine) => void]>([
    ['another build of the system', (next) => (next.os = 'macOS 23B2')],
    ['another GPU', (next) => (next.gpuName = 'Apple M10')],
    ['another MLX', (next) => (next.mlxVersion = '0.33.0')],
    ['another version of the package', (next) => (next.packageVersion = '1.0.1')],
    ['a damaged file of verdicts', (next) => writeFileSync(next.cache.file, '{"verdicts": {"Apple')],
    ['another model', (next) => writeFileSync(join(next.folder, 'config.json'), '{"hidden_size": 768}')],
  ])('is checked again with %s', async (_, change) => {
    await machine.load();
    const next = machine.restart();
    next.outcome = { kind: 'tried', trial };
    change(next);
    await next.load();
    expect(next.checks).toBe(1);
  });

  it('is checked for each dtype', async () => {
    await machine.load();
    await machine.load({ dtype: 'bfloat16' });
    expect(machine.checks).toBe(2);
  });
});

const wrong: GateOutcome = {
  kind: 'tried',
  trial: { ...trial, forms: [{ name: 'plain', failure: 'it gave logit 3.0 where the CPU gives 2.0' }] },
};

describe('a GPU that does not pass', () => {
  it.each<[string, GateOutcome, string]>([
    ['gives wrong scores', wrong, 'it gave logit 3.0 where the CPU gives 2.0'],
    ['hangs', { kind: 'hung', seconds: 120 }, 'the GPU gave no answer for 120 s when it was checked'],
    ['crashes', { kind: 'crashed', how: 'SIGSEGV', stderr: '' }, 'the process that checked the GPU ended with SIGSEGV'],
  ])('%s: the CPU, with the reason, now and later', async (_, outcome, reason) => {
    machine.outcome = outcome;
    for (const process of [machine, machine.restart()]) {
      const { info } = await process.load();
      expect(info.device).toBe('cpu');
      expect(info.reason).toMatch(/^On the CPU because the .*; mlx-rerank doctor checks it again\.$/);
      expect(info.reason).toContain(reason);
      expect(process.loads).toEqual([{ ...auto, device: 'cpu', path: 'cpu' }]); // the GPU was not touched
      for (const asked of [{ device: 'gpu' }, { path: 'mlx' }] as const) {
        await expect(process.load(asked)).rejects.toMatchObject({ name: 'RerankerError', code: 'ERR_DEVICE', message: expect.stringContaining(reason) });
      }
    }
    expect(machine.checks).toBe(1);
  });

  it('is slower: the CPU, unless the GPU is asked for', async () => {
    machine.outcome = { kind: 'tried', trial: { ...trial, cpuMs: 5 } };
    expect(await reasonOf(machine.load())).toContain('slower than the CPU when it was checked (6.0 ms against 5.0 ms');
    for (const asked of [{ device: 'gpu' }, { path: 'mlx' }] as const) {
      expect((await machine.load(asked)).info.device).toBe('gpu');
      expect(machine.loads.at(-1)).toMatchObject({ attention: 'padded' });
    }
    expect(machine.checks).toBe(1);
  });

  it('hangs at a later load: this process goes on with the CPU, and the next one does not wait for it', async () => {
    await machine.load();
    const next = machine.restart();
    next.hangsAtLoad = true;
    expect(await reasonOf(next.load())).toBe("The addon's reason for cpu.");
    const { info } = await machine.restart().load();
    expect(info.reason).toContain('the GPU gave no answer for 60 s');
    expect(info.device).toBe('cpu');
  });

  it('hangs at a later load that asked for it: an error, and kept as well', async () => {
    await machine.load();
    const next = machine.restart();
    next.hangsAtLoad = true;
    await expect(next.load({ device: 'gpu' })).rejects.toMatchObject({ code: 'ERR_DEVICE' });
    expect((await machine.restart().load()).info.device).toBe('cpu');
  });
});

describe('a GPU that is lost while it scores', () => {
  it('rejects, and the process is told once', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    try {
      vi.resetModules(); // the process is told once, and tests before this one may have done so
      const fresh = await import('../../../lib/native/load-model.js');
      const loaded = await fresh.loadModel(machine.addon, machine.folder, auto, machine);
      const lost = Object.assign(new Error('no answer'), { code: 'ERR_DEVICE' });
      machine.scores = () => Promise.reject(lost);
      const score = () => loaded.score({ inputIds: Int32Array.of(1), tokenTypeIds: new Uint8Array(1), offsets: Int32Array.of(0, 1) });
      await expect(score()).rejects.toBe(lost); // one batch failed: no word about the device
      await new Promise(setImmediate);
      expect(warnings).toEqual([]);
      machine.fault = 'the GPU gave no answer for 60 s';
      for (let i = 0; i < 3; i++) await expect(score()).rejects.toBe(lost);
      await new Promise(setImmediate);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatchObject({ name: 'RerankerWarning', code: 'ERR_DEVICE' });
      expect(warnings[0]!.message).toContain('the GPU gave no answer for 60 s. This process does not use it');
    } finally {
      process.off('warning', listen);
    }
  });
});

describe('a check that says nothing about the GPU', () => {
  it('cannot be run: the addon checks alone, and it is tried again next time', async () => {
    machine.outcome = { kind: 'not-run', why: 'processes are not allowed here' };
    const { info } = await machine.load();
    expect(info).toMatchObject({ device: 'gpu' });
    expect(info.reason).toContain('not checked in a process of its own: processes are not allowed here');
    expect(machine.loads).toEqual([auto]);
    await machine.load();
    expect(machine.checks).toBe(2);
  });

  it('fails for the model: the load reports it', async () => {
    machine.outcome = { kind: 'failed', code: 'ERR_MODEL_CORRUPT', message: 'half a file' };
    await machine.load();
    expect(machine.loads).toEqual([auto]);
  });

  it('never starts from within a check', async () => {
    machine.env = { MLX_RERANK_GATE_CHILD: '1' };
    await machine.load();
    expect(machine.checks).toBe(0);
  });
});

describe('without a GPU', () => {
  it.each<[string, (machine: Machine) => void, Partial<NativeLoadOptions>]>([
    ['MLX sees none', (m) => (m.gpuName = null), {}],
    ['the addon has no MLX', (m) => (m.mlxVersion = null), {}],
    ['device cpu is asked for', () => {}, { device: 'cpu' }],
    ['path cpu is asked for', () => {}, { path: 'cpu' }],
    ['the GPU of this process is lost', (m) => (m.fault = 'it hung'), {}],
  ])('nothing is checked when %s', async (_, change, options) => {
    change(machine);
    expect(await reasonOf(machine.load(options))).toBe("The addon's reason for cpu.");
    expect(machine.checks).toBe(0);
    expect(machine.loads).toEqual([{ ...auto, ...options }]);
    if (options.device || options.path || machine.mlxVersion === null) expect(machine.asked).toBe(0);
  });
});

describe('MLX_RERANK_METAL', () => {
  it('off leaves the GPU alone', async () => {
    machine.env = { MLX_RERANK_METAL: 'off' };
    expect(await reasonOf(machine.load())).toBe('On the CPU because MLX_RERANK_METAL is off.');
    await expect(machine.load({ device: 'gpu' })).rejects.toMatchObject({
      code: 'ERR_DEVICE',
      message: "device 'gpu' was asked for, but MLX_RERANK_METAL is off. Use device 'cpu'.",
    });
    expect([machine.checks, machine.asked]).toEqual([0, 0]);
  });

  it('stock needs no verdict', async () => {
    machine.env = { MLX_RERANK_METAL: 'stock' };
    expect((await machine.load()).info.device).toBe('gpu');
    expect(machine.checks).toBe(0);
    expect(machine.loads).toEqual([auto]);
  });

  it.each([
    ['custom', /custom asks for Metal kernels of this package, and this version has none/],
    ['fast', /expected auto, stock or off, received "fast"/],
  ])('%s is refused', async (value, message) => {
    machine.env = { MLX_RERANK_METAL: value };
    await expect(machine.load()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) });
    await machine.load({ device: 'cpu' }); // where no GPU is meant, it does not matter
  });
});
