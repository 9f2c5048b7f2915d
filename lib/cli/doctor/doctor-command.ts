import { writeFile } from 'node:fs/promises';
import { CommandError, exitCodes } from '../exit-codes.js';
import type { ModelArguments } from '../options.js';
import { put } from '../output.js';
import { bold, dim, green, paints, red } from '../terminal.js';
import { cacheFacts } from './cache.js';
import { gpuFacts } from './gpu.js';
import { atHome, environmentFacts, type Fact, machineFacts } from './machine.js';
import { type Trial, tryPaths } from './paths.js';

export interface DoctorArguments extends Pick<ModelArguments, 'model' | 'revision' | 'cacheDir'> {
  report?: string | true;
}

interface Section {
  title: string;
  facts: Fact[];
}

const defaultReport = 'mlx-rerank-report.md';

/** Says what a report about this package needs to say, and whether scores are right on this machine. */
export async function doctorCommand(args: DoctorArguments, packageVersion: string): Promise<void> {
  const sections: Section[] = [
    { title: 'Machine', facts: machineFacts(packageVersion) },
    { title: 'GPU', facts: await gpuFacts() },
    { title: 'Cache', facts: await cacheFacts(args.cacheDir) },
    { title: 'Environment', facts: environmentFacts() },
  ];
  const trials = await tryPaths('starter', {});
  if (args.model !== undefined && args.model !== 'starter') trials.push(...(await tryPaths(args.model, args)));

  await put(forTerminal(sections, trials));
  if (args.report !== undefined) {
    const file = args.report === true ? defaultReport : args.report;
    await writeFile(file, forIssue(sections, trials));
    await put(`\nReport written to ${file}; attach it to an issue.\n`);
  }
  if (trials.some(({ status }) => status === 'failed')) {
    throw new CommandError(exitCodes.check, 'a check failed; see above.');
  }
}

function forTerminal(sections: Section[], trials: Trial[]): string {
  const colour = paints(process.stdout);
  const facts = sections
    .filter((section) => section.facts.length > 0)
    .map(({ title, facts }) => {
      const lines = facts.map(({ name, value }) => `  ${name.padEnd(14)} ${value}\n`);
      return `${bold(title, colour)}\n${lines.join('')}`;
    });
  const paintOf = { passed: green, failed: red, skipped: dim, absent: dim };
  const checks = trials.map(
    ({ title, status, lines }) =>
      `  ${paintOf[status](status.padEnd(8), colour)} ${title}\n${lines.map((line) => `           ${line}\n`).join('')}`,
  );
  return `${facts.join('\n')}\n${bold('Checks', colour)}\n${checks.join('')}`;
}

function forIssue(sections: Section[], trials: Trial[]): string {
  const facts = sections
    .filter((section) => section.facts.length > 0)
    .map(({ title, facts }) => {
      const rows = facts.map(({ name, value }) => `| ${name} | ${cell(value)} |\n`);
      return `## ${title}\n\n| | |\n|---|---|\n${rows.join('')}`;
    });
  const checks = trials.map(({ title, status, lines }) => {
    const items = lines.map((line) => `  - ${atHome(line).replaceAll('\n', ' ')}\n`);
    return `- **${status}**: ${title}\n${items.join('')}`;
  });
  return `# mlx-rerank doctor\n\n${facts.join('\n')}\n## Checks\n\n${checks.join('')}`;
}

const cell = (value: string): string => value.replaceAll('|', '\\|').replaceAll('\n', ' ');
