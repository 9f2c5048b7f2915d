import type { InputRecord } from './records.js';

/** What a record lacks, for the message about its line. */
export class FieldProblem extends Error {}

/** The text of a record: a string is its own, an object has it in a field. */
export function textOf({ value }: InputRecord, field: string): string {
  return typeof value === 'string' ? value : fieldOf(value, field, '--text-field');
}

/** Query and document of a record: fields of an object, an array of two, or a line with a tab between them. */
export function pairOf({ value }: InputRecord, queryField: string, textField: string): [query: string, text: string] {
  if (typeof value === 'string') {
    const tab = value.indexOf('\t');
    if (tab < 0) throw new FieldProblem('expected query and text with a tab between them');
    return [value.slice(0, tab), value.slice(tab + 1)];
  }
  if (Array.isArray(value)) {
    const [query, text] = value as unknown[];
    if (value.length === 2 && typeof query === 'string' && typeof text === 'string') return [query, text];
    throw new FieldProblem('expected an array of two strings');
  }
  return [fieldOf(value, queryField, '--query-field'), fieldOf(value, textField, '--text-field')];
}

function fieldOf(value: unknown, field: string, option: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FieldProblem('expected a string or an object');
  }
  const text = (value as Record<string, unknown>)[field];
  if (typeof text === 'string') return text;
  const names = Object.keys(value).slice(0, 8).join(', ') || 'none';
  throw new FieldProblem(`no string in field ${JSON.stringify(field)} (${option}); its fields: ${names}`);
}
