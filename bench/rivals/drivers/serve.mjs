// The process of one contestant. argv: its definition as JSON. Commands are lines of JSON on stdin, replies on fd 3:
// first {version, detail, importMs, loadMs, peakBytes}, then one for each command.
import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const definition = JSON.parse(process.argv[2]);
const reply = (message) => writeSync(3, `${JSON.stringify(message)}\n`);

/** Of this process alone; `resourceUsage().maxRSS` would begin with that of the parent. */
function peakBytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

const began = performance.now();
const driver = await import(`./${definition.driver}.mjs`);
const imported = performance.now();
const { version, detail, prepare } = await driver.open(definition.options);
const [importMs, loadMs] = [imported - began, performance.now() - imported];
reply({ version, detail, importMs, loadMs, peakBytes: peakBytes() });

let requests = [];
const commands = {
  prepare({ workload, requestLimit, pairLimit }) {
    const first = (values) => values.slice(0, pairLimit);
    requests = JSON.parse(readFileSync(workload, 'utf8'))
      .requests.slice(0, requestLimit)
      .map((request) =>
        prepare({
          pairs: first(request.pairs),
          inputIds: first(request.inputIds),
          documentStarts: first(request.documentStarts),
        }),
      );
    return {};
  },

  async run() {
    const results = [];
    for (const request of requests) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      const logits = await request();
      const ms = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      results.push({ ms, cpuMs: (user + system) / 1000, logits });
    }
    return { requests: results, peakBytes: peakBytes() };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...parameters } = JSON.parse(line);
  reply(await commands[command](parameters));
}
process.exit(); // libraries may keep threads
