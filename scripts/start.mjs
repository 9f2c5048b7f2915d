// npm start: set-up if anything changed, then the demo with the same arguments. The demo takes paths relative to INIT_CWD,
// the folder that npm was called in.
import { fail } from './progress.mjs';
import { setUp } from './setup.mjs';

process.env.INIT_CWD ??= process.cwd();
await setUp().catch(fail);
if (!process.exitCode) await import('../examples/rank.mjs');
