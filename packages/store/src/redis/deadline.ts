import type { RedisBreaker } from './redis-breaker.ts';

/** Thrown if the response to a command is late. The command may still run later, so its effect must be idempotent by call id. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(timeoutMs: number) {
    super(`Redis did not answer within ${timeoutMs} ms`);
  }
}

/** Sends one command and waits for its response up to a deadline. `operation` is its label in metrics. */
export type Wait = <T>(operation: string, send: () => Promise<T>) => Promise<T>;

export interface WaitOptions {
  /** Called with the duration of each command in seconds; for a timeout, the time until it. */
  readonly observe?: ((operation: string, seconds: number) => void) | undefined;
  /** No command is sent while it is open. */
  readonly breaker?: RedisBreaker;
}

/**
 * Creates a `Wait` that rejects a command without a response within `timeoutMs`.
 *
 * A timer alone, such as `commandTimeout` of ioredis, also fires if this process was busy for that time and the response waits
 * unread in the socket. So after the timer, one more turn of the event loop reads waiting responses before the command is
 * rejected.
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
