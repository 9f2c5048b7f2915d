import { inspect } from 'node:util';

const longest = 80;

/** A value as error messages show it: short, on one line, and telling 1 from '1'. */
export function received(value: unknown): string {
  if (typeof value === 'string') return `the string ${JSON.stringify(cut(value))}`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return cut(String(value));
  return cut(inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 0, maxStringLength: longest }));
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
