/** A command was not answered in time. It may still run later: whatever it changes must be done once a call id. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(timeoutMs: number) {
    super(`Redis did not answer within ${timeoutMs} ms`);
  }
}

/** Waits for one command's answer, and not longer than a call may. `operation` names it in the figures. */
export type Wait = <T>(operation: string, answer: Promise<T>) => Promise<T>;

/**
 * Rejects what does not come within `timeoutMs`.
 *
 * ioredis has `commandTimeout` for this, but a timer alone also fires when this process itself was busy that long and the answer waits
 * unread in the socket. So when the time is up, one more turn of the event loop lets waiting answers in before the command counts as lost.
 *
 * @param observe told how long each answer took, in seconds; of one that never came, how long it was waited for
 */
export function waitAtMost(timeoutMs: number, observe?: (operation: string, seconds: number) => void): Wait {
  return <T>(operation: string, answer: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const startedMs = performance.now();
      let over = false;
      const end = (): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        observe?.(operation, (performance.now() - startedMs) / 1_000);
      };
      const late = (): void => {
        end();
        reject(new RedisTimeoutError(timeoutMs));
      };
      const timer = setTimeout(() => setImmediate(late), timeoutMs);
      answer.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
}
