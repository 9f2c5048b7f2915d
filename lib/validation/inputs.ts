import { RerankerError } from '../errors.js';
import { mapInSlices } from '../time-slice.js';
import type { TextOf } from '../types.js';
import { invalid } from './check.js';

export function checkQuery(query: unknown): string {
  if (typeof query === 'string') return query;
  throw invalid('query', 'a string', query);
}

/** A copy, so that what the caller does to the list later changes nothing. */
export function copyDocuments<T>(documents: unknown): T[] {
  if (Array.isArray(documents)) return documents.slice() as T[];
  const single = typeof documents === 'string';
  const hint = single ? 'For a single document: [document].' : 'For other iterables: scoreStream.';
  throw invalid('documents', 'an array', documents, hint);
}

/** Checked in slices, because the list may be long and `text` is the caller's code. */
export function textsOf<T>(documents: readonly T[], text?: TextOf<T>): Promise<string[]> {
  return mapInSlices(documents.length, (index) => textOf(documents[index]!, index, text));
}

/** The text of one document. `index` is for the message. */
export function textOf<T>(document: T, index: number, text: TextOf<T> = 'text' as TextOf<T>): string {
  const place = `documents[${index}]`;
  if (typeof text === 'function') {
    const value: unknown = called(text, document, place);
    if (typeof value === 'string') return value;
    throw invalid(`options.text of ${place}`, 'a string', value);
  }
  if (typeof document === 'string') return document;
  if (typeof document !== 'object' || document === null) throw invalid(place, 'a string or an object', document);
  const value: unknown = document[text];
  if (typeof value === 'string') return value;
  throw invalid(`${place}.${text}`, 'a string', value, 'options.text can name another field or be a function.');
}

export function copyPairs(pairs: unknown): unknown[] {
  if (Array.isArray(pairs)) return pairs.slice();
  throw invalid('pairs', 'an array of [query, document]', pairs);
}

export function checkPairs(pairs: readonly unknown[]): Promise<[query: string, document: string][]> {
  return mapInSlices(pairs.length, (index) => {
    const pair = pairs[index];
    if (!Array.isArray(pair) || pair.length !== 2) throw invalid(`pairs[${index}]`, '[query, document]', pair);
    const [query, document] = pair as [unknown, unknown];
    if (typeof query !== 'string') throw invalid(`pairs[${index}][0]`, 'a string', query);
    if (typeof document !== 'string') throw invalid(`pairs[${index}][1]`, 'a string', document);
    return [query, document];
  });
}

export function checkStream<T>(documents: unknown): Iterable<T> | AsyncIterable<T> {
  if (typeof documents === 'object' && documents !== null) {
    if (Symbol.asyncIterator in documents || Symbol.iterator in documents) return documents as Iterable<T>;
  }
  throw invalid('documents', 'an iterable or async iterable', documents);
}

function called<T>(text: (document: T) => string, document: T, place: string): string {
  try {
    return text(document);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RerankerError('ERR_INVALID_ARGUMENT', `options.text of ${place} threw: ${message}`, { cause });
  }
}
