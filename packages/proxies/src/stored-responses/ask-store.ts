import { type DependencyHealth, LlmError } from '@sluice/core';

/** Reads from the store. @throws LlmError `responses_unavailable` if the store fails */
export async function askStore<T>(health: DependencyHealth, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    const value = await ask();
    health.success();
    return value;
  } catch (error) {
    health.failure(error);
    throw new LlmError('responses_unavailable', `${what} cannot be read right now.`, { retryAfterMs: 1_000, cause: error });
  }
}
