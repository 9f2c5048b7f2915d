import * as v from 'valibot';
import { RerankerError } from '../errors.js';
import { received } from './received.js';

/** An option that may be left out. `expected` completes the sentence "expected …". */
export function option<TSchema extends v.GenericSchema>(schema: TSchema, expected: string) {
  return v.optional(v.message(schema, expected));
}

/**
 * Checks an options object against a strict schema, so that a misspelt name never passes unseen.
 * @throws RerankerError `ERR_INVALID_ARGUMENT` naming the option, what was expected and what was received.
 */
export function checkOptions<TEntries extends v.ObjectEntries>(
  schema: v.StrictObjectSchema<TEntries, undefined>,
  options: unknown,
): v.InferOutput<typeof schema> {
  const result = v.safeParse(schema, options === undefined ? {} : options, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = issue.path?.[0]?.key;
  if (key === undefined) throw invalid('options', 'an object', options);
  if (!(String(key) in schema.entries)) {
    const names = Object.keys(schema.entries).join(', ');
    throw new RerankerError('ERR_INVALID_ARGUMENT', `options.${String(key)}: no such option. There are ${names}.`);
  }
  throw invalid(`options.${String(key)}`, issue.message, issue.path?.[0]?.value);
}

export function invalid(place: string, expected: string, value: unknown, hint = ''): RerankerError {
  const message = `${place}: expected ${expected}, received ${received(value)}.${hint && ` ${hint}`}`;
  return new RerankerError('ERR_INVALID_ARGUMENT', message);
}
