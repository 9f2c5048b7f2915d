/** What a report looks like with its figures taken out: one entry a heading, line or table row. */
export function structureOf(markdown: string): string[] {
  return markdown
    .split(/^---$/m)[0]!
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('>') && !/^\|[-|]+\|$/.test(line))
    .map((line) => {
      if (line.startsWith('# ')) return '# <name>';
      return line.startsWith('_') ? '_<description>_' : withoutFigures(line);
    });
}

/** How many digits follow a point is part of the format, how many come before is not. Code spans hold names. */
function withoutFigures(line: string): string {
  return line
    .replace(/`[^`]*`/g, '`<name>`')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, '<time>')
    .replace(/(?<!\d)-?\b\d+(\.\d+)?/g, (_, decimals?: string) => `0${decimals?.replace(/\d/g, '0') ?? ''}`);
}
