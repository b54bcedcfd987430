/** A command was not answered in time. It may still run later: whatever it changes must be done once a call id. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(timeoutMs: number) {
    super(`Redis did not answer within ${timeoutMs} ms`);
  }
}

/**
 * Rejects if `answer` does not come within `timeoutMs`.
 *
 * ioredis has `commandTimeout` for this, but a timer alone also fires when this process itself was busy that long and the answer waits
 * unread in the socket. So when the time is up, one more turn of the event loop lets waiting answers in before the command counts as lost.
 */
export function withDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new RedisTimeoutError(timeoutMs))), timeoutMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
