// The process that runs the gate. It talks over the channel it was started with, and lives no longer than that.
import { childMark, type GateMessage } from './gate-process.js';
import { loadAddon } from './load-addon.js';

function send(message: GateMessage): void {
  process.send?.(message);
}

/** Not exit(): its handlers may wait for a GPU that hangs. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function main(folder: string, options: string): Promise<void> {
  process.once('disconnect', end);
  process.channel?.ref(); // the answer is read before this process ends
  send({ started: true });
  try {
    send({ trial: await loadAddon('mlx_rerank').tryGpu(folder, JSON.parse(options)) });
  } catch (error) {
    const { code = 'ERR_DEVICE', message } = error as { code?: string; message: string };
    send({ error: { code, message } });
  }
}

if (process.env[childMark] && process.send) void main(process.argv[2]!, process.argv[3]!);
