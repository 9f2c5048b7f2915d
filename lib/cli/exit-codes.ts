import { type ErrorCode, RerankerError } from '../index.js';

/** Exit codes, as `mlx-rerank --help` and docs/cli.md list them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  input: 3,
  model: 4,
  check: 5,
  interrupted: 130,
} as const;

/** An error of the command line itself; its message is all that is printed. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const byCode: Partial<Record<ErrorCode, number>> = {
  ERR_INVALID_ARGUMENT: exitCodes.usage,
  ERR_INPUT_TOO_LONG: exitCodes.input,
  ERR_MODEL_NOT_FOUND: exitCodes.model,
  ERR_MODEL_UNSUPPORTED: exitCodes.model,
  ERR_MODEL_CORRUPT: exitCodes.model,
  ERR_DOWNLOAD: exitCodes.model,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return (error instanceof RerankerError && byCode[error.code]) || exitCodes.failed;
}
