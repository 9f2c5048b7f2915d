/** Every code an error of this package can carry. The set is closed: a new code is a new minor version. */
export const ERROR_CODES = [
  'ERR_INVALID_ARGUMENT',
  'ERR_INPUT_TOO_LONG',
  'ERR_MODEL_NOT_FOUND',
  'ERR_MODEL_UNSUPPORTED',
  'ERR_MODEL_CORRUPT',
  'ERR_DOWNLOAD',
  'ERR_NATIVE_LOAD',
  'ERR_DEVICE',
  'ERR_OUT_OF_MEMORY',
  'ERR_OVERLOADED',
  'ERR_TIMEOUT',
  'ERR_CLOSED',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface RerankerErrorOptions {
  /** What led to this error, when it came from below. */
  cause?: unknown;
  /** `ERR_OVERLOADED` only: milliseconds after which the queue is expected to have room. */
  retryAfterMs?: number;
}

/**
 * The one error class of this package. `code` is stable and meant for programs, `message` for people: it says what
 * was expected, what was received and what to do.
 */
export class RerankerError extends Error {
  readonly code: ErrorCode;
  declare readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, options: RerankerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

// On the prototype, so that console output and `error.name` agree without a field on each instance.
Object.defineProperty(RerankerError.prototype, 'name', { value: 'RerankerError', configurable: true, writable: true });

const codes: ReadonlySet<unknown> = new Set(ERROR_CODES);

/** An error of the addon carries a plain `code`; this gives it our class and keeps the original as `cause`. */
export function fromNative(error: unknown): unknown {
  if (error instanceof RerankerError || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  if (!codes.has(code)) return error;
  return new RerankerError(code as ErrorCode, error.message, { cause: error });
}
