/** A Markdown table. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    `|${columns.map((column) => '-'.repeat(column.length + 2)).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

/** A number, or a dash for what was not or could not be measured. */
export const figure = (value, digits, unit = '') => (Number.isFinite(value) ? value.toFixed(digits) + unit : '-');

export const megabytes = (bytes) => figure(bytes / 2 ** 20, 0, ' MB');
