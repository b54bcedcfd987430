/** Exit codes of the process. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** An error message for the user, with the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
