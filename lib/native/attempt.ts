/** One place that was searched for the addon. */
export interface Attempt {
  place: string;
  /** Nothing is there; otherwise something is and does not load. */
  absent: boolean;
  error: unknown;
}

/** Something was loaded that is not the addon of this package and version. */
export class Mismatch extends Error {}

export function reasonOf({ error }: Attempt): string {
  return error instanceof Error ? error.message : String(error);
}
