/** Tokens of a pair's two texts, special tokens apart. */
export interface PairLengths {
  query: number;
  document: number;
}

/**
 * What is left of a pair that has to fit into `room` tokens, as `longest_first` of Hugging Face's Rust
 * tokenizers.
 */
export function longestFirst(query: number, document: number, room: number): PairLengths {
  if (query + document <= room) return { query, document };
  let shorter = Math.min(query, document);
  let longer = room - shorter;
  if (longer < shorter) {
    shorter = Math.floor(room / 2);
    longer = room - shorter;
  }
  return query > document ? { query: longer, document: shorter } : { query: shorter, document: longer };
}

/** The same as `only_second`; undefined where not one token of the document would be left. */
export function documentOnly(query: number, document: number, room: number): PairLengths | undefined {
  if (query + document <= room) return { query, document };
  return query < room ? { query, document: room - query } : undefined;
}
