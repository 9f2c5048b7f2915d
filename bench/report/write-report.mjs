import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ownSections } from './own-sections.mjs';
import { page } from './page.mjs';
import { referenceReport } from './reference-format.mjs';
import { timeSeries } from './time-series.mjs';

/** Writes a report's files into `folder`; returns their paths by kind. */
export function writeReport(report, folder) {
  mkdirSync(path.join(folder, 'distribution'), { recursive: true });
  const files = { report: 'report.md', json: 'report.json', page: 'report.html' };
  const write = (name, text) => writeFileSync(path.join(folder, name), text);
  write(files.report, markdown(report));
  write(files.json, JSON.stringify(report, rounded));
  write(files.page, page(report));
  for (const experiment of report.experiments)
    write(experiment.runs[0].timeSeries, timeSeries(experiment, report.timestamp));
  return Object.fromEntries(Object.entries(files).map(([kind, name]) => [kind, path.join(folder, name)]));
}

/** The reference study's documents of every run, joined as it joins them, then ours; rivals last. */
export function markdown({ experiments, machine, timestamp, command, rivals }) {
  const parts = experiments.flatMap((experiment) => [
    ...experiment.runs.map((run) => referenceReport(run, timestamp)),
    ownSections(experiment, machine, { command }),
  ]);
  if (rivals) parts.push(`# Rivals\n\n${rivals.markdown.trim()}`);
  return `${parts.join('\n\n---\n\n')}\n`;
}

/** Three decimals of a millisecond are a microsecond; more is noise that triples the file. `shown` repeats a repeat. */
function rounded(key, value) {
  if (key === 'shown') return this.repeats.indexOf(value);
  if (typeof value !== 'number' || Number.isInteger(value) || key === 'logits') return value;
  return Number(value.toPrecision(9));
}
