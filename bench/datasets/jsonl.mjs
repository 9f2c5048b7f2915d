import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A user's own pairs: a line is `{"query": …, "document": …}` or `{"query": …, "documents": […]}`.
 * @throws Error naming the line that is something else
 */
export function readJsonl(file) {
  const pairs = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => (line.trim() ? pairsOf(line, `${file}:${i + 1}`) : []));
  if (pairs.length === 0)
    throw new Error(`${file}: expected lines like {"query": "…", "document": "…"}, found none.`);
  return {
    name: path.basename(file),
    description: `your file ${path.basename(file)}, ${pairs.length} pairs`,
    make: ({ limit = Infinity } = {}) => pairs.slice(0, limit),
  };
}

function pairsOf(line, where) {
  const { query, document, documents = [document] } = parse(line, where);
  if (
    typeof query !== 'string' ||
    !Array.isArray(documents) ||
    !documents.every((text) => typeof text === 'string')
  ) {
    throw new Error(`${where}: expected "query" and "document" (or "documents") as text.`);
  }
  return documents.map((text) => [query, text]);
}

function parse(line, where) {
  try {
    return Object(JSON.parse(line));
  } catch (error) {
    throw new Error(`${where}: expected one JSON object a line (${error.message}).`);
  }
}
