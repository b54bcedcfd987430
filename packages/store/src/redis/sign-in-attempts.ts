import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { AttemptsLimit, AttemptsResult, SignInAttempts } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { readScript } from './script.ts';

/**
 * Sign-in attempts over all replicas: rate-limiter-flexible with a script for a sliding window, because its own fixed window
 * admits twice the limit at an edge. Only its method `consume` supports such a script; `get`, `block` and `penalty` do not.
 */
export class RedisSignInAttempts implements SignInAttempts {
  readonly #limiter: RateLimiterRedis;
  readonly #wait: Wait;

  constructor(client: RedisClient, layout: KeyLayout, limit: AttemptsLimit, wait: Wait) {
    this.#wait = wait;
    this.#limiter = new RateLimiterRedis({
      storeClient: client,
      keyPrefix: layout.attempts(limit.name),
      points: limit.limit,
      duration: limit.windowS,
      customIncrTtlLuaScript: readScript('count-attempt'),
    });
  }

  async count(subject: string): Promise<AttemptsResult> {
    try {
      await this.#wait('count_attempt', () => this.#limiter.consume(subject, 1));
      return { allowed: true, retryAfterMs: 0 };
    } catch (refusal) {
      // it rejects with a result where the limit is reached and with an error where Redis failed: only the first is a refusal
      if (refusal instanceof RateLimiterRes) return { allowed: false, retryAfterMs: refusal.msBeforeNext };
      throw refusal;
    }
  }
}
