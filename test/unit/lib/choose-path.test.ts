import { describe, expect, it } from 'vitest';
import { choosePath, type PathRequest } from '../../../lib/native/choose-path.js';

const auto: PathRequest = { device: 'auto', path: 'auto', dtype: 'auto' };

describe('which addon serves a request', () => {
  it.each<[string, NodeJS.Platform, Partial<PathRequest>, object]>([
    ['Linux by default', 'linux', {}, { addon: 'mlx_rerank_cpu', device: 'cpu', path: 'cpu' }],
    ['Linux asked for MLX', 'linux', { path: 'mlx' }, { addon: 'mlx_rerank', device: 'auto', path: 'mlx' }],
    ['Linux asked for MLX on its CPU', 'linux', { path: 'mlx', device: 'cpu' }, { addon: 'mlx_rerank', device: 'cpu' }],
    ['Linux asked for a GPU', 'linux', { device: 'gpu' }, { addon: 'mlx_rerank', device: 'gpu', path: 'auto' }],
    ['macOS by default', 'darwin', {}, { addon: 'mlx_rerank', device: 'auto', path: 'auto' }],
    ['macOS asked for the CPU', 'darwin', { device: 'cpu' }, { addon: 'mlx_rerank', device: 'cpu', path: 'cpu' }],
    ['macOS asked for int8', 'darwin', { dtype: 'int8' }, { addon: 'mlx_rerank', device: 'cpu', path: 'cpu' }],
    ['macOS asked for float16', 'darwin', { dtype: 'float16' }, { addon: 'mlx_rerank', device: 'auto' }],
    ['MLX on the CPU in float16', 'linux', { path: 'mlx', device: 'cpu', dtype: 'float16' }, { addon: 'mlx_rerank' }],
  ])('%s', (_, platform, request, expected) => {
    expect(choosePath({ ...auto, ...request }, platform)).toMatchObject(expected);
  });

  it('says why whenever it decides itself, and leaves the reason to the addon otherwise', () => {
    expect(choosePath(auto, 'linux').reason).toContain('linux');
    expect(choosePath({ ...auto, device: 'cpu' }, 'darwin').reason).toContain("device 'cpu'");
    expect(choosePath({ ...auto, dtype: 'int8' }, 'darwin').reason).toContain('int8');
    expect(choosePath(auto, 'darwin').reason).toBeUndefined();
  });

  it.each<[NodeJS.Platform, Partial<PathRequest>, RegExp]>([
    ['linux', { path: 'cpu', device: 'gpu' }, /path 'cpu'.*device 'gpu'/],
    ['darwin', { path: 'mlx', dtype: 'int8' }, /int8.*path 'mlx'.*'float32'/],
    ['darwin', { device: 'gpu', dtype: 'int8' }, /int8.*device 'gpu'/],
    ['linux', { dtype: 'float16' }, /float16.*'float32', 'bfloat16' or 'int8'/],
    ['darwin', { device: 'cpu', dtype: 'float16' }, /float16/],
    ['darwin', { path: 'cpu', dtype: 'float16' }, /float16/],
  ])('refuses what no path can do: %s %o', (platform, request, message) => {
    const choose = () => choosePath({ ...auto, ...request }, platform);
    expect(choose).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }));
  });
});
