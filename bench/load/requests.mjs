/**
 * Request after request of `batch` pairs: slices of the dataset one after another, over its end and round again. As
 * `rank` a request is one query with the documents of its slice.
 */
export function requestsOf(pairs, { batch, shape }) {
  let next = 0;
  return () => {
    const slice = Array.from({ length: batch }, () => pairs[next++ % pairs.length]);
    return shape === 'rank'
      ? { query: slice[0][0], documents: slice.map(([, document]) => document) }
      : { pairs: slice };
  };
}
