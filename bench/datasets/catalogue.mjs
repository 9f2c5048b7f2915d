import { hugeDocuments } from './huge-documents.mjs';
import { readJsonl } from './jsonl.mjs';
import { longDocuments } from './long-documents.mjs';
import { oneQuery } from './one-query.mjs';
import { passagesLikeMsMarco } from './passages-like-msmarco.mjs';
import { referenceStrings } from './reference-strings.mjs';

const named = [passagesLikeMsMarco, referenceStrings, oneQuery, longDocuments, hugeDocuments];

/** A dataset by its name, or a user's file. One that is asked for and not there is an error, never another one. */
export function openDataset({ name, file }) {
  if (file) return readJsonl(file);
  const dataset = named.find((candidate) => candidate.name === name);
  if (!dataset)
    throw new Error(
      `There is no dataset ${name}; there are ${named.map((known) => known.name).join(', ')}, and --data FILE.`,
    );
  return dataset;
}
