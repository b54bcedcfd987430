import type { RedisBreaker } from './redis-breaker.ts';

/** A command was not answered in time. It may still run later: whatever it changes must be done once a call id. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(timeoutMs: number) {
    super(`Redis did not answer within ${timeoutMs} ms`);
  }
}

/** Sends one command and waits for its answer, and not longer than a call may. `operation` names it in the figures. */
export type Wait = <T>(operation: string, send: () => Promise<T>) => Promise<T>;

export interface WaitOptions {
  /** Called with the duration of each command in seconds; for a timeout, the time until it. */
  readonly observe?: ((operation: string, seconds: number) => void) | undefined;
  /** While it is open nothing is sent. */
  readonly breaker?: RedisBreaker;
}

/**
 * Rejects what does not come within `timeoutMs`.
 *
 * ioredis has `commandTimeout` for this, but a timer alone also fires when this process itself was busy that long and the answer waits
 * unread in the socket. So when the time is up, one more turn of the event loop lets waiting answers in before the command counts as lost.
 */
export function withTimeout(timeoutMs: number, { observe, breaker }: WaitOptions = {}): Wait {
  return <T>(operation: string, send: () => Promise<T>) => {
    const refusal = breaker?.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<T>((resolve, reject) => {
      const startedMs = performance.now();
      let over = false;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        clearTimeout(timer);
        observe?.(operation, (performance.now() - startedMs) / 1_000);
        return true;
      };
      const fail = (error: unknown): void => {
        if (!end()) return;
        breaker?.failed(error);
        reject(error);
      };
      const timer = setTimeout(() => setImmediate(() => fail(new RedisTimeoutError(timeoutMs))), timeoutMs);
      send().then((value) => {
        if (!end()) return;
        breaker?.answered();
        resolve(value);
      }, fail);
    });
  };
}
