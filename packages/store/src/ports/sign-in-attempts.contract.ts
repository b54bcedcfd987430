import { describe, expect, it } from '@jest/globals';
import type { AttemptsLimit, SignInAttempts } from './sign-in-attempts.ts';

let unique = 0;

/** Every adapter of `Attempts` passes this. */
export function attemptsContract(adapter: string, open: (limit: AttemptsLimit) => SignInAttempts): void {
  describe(`sign-in attempts (${adapter})`, () => {
    it('allows attempts up to the limit, and returns the time until the next one', async () => {
      const attempts = open({ name: `sign-in-${++unique}`, limit: 3, windowS: 60 });
      for (let n = 0; n < 3; n++) expect(await attempts.count('10.0.0.1')).toEqual({ allowed: true, retryAfterMs: 0 });
      const refused = await attempts.count('10.0.0.1');
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterMs).toBeGreaterThan(0);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(61_000);
      expect((await attempts.count('10.0.0.2')).allowed).toBe(true);
    });

    it('allows exactly the limit of many concurrent attempts', async () => {
      const attempts = open({ name: `sign-in-${++unique}`, limit: 10, windowS: 60 });
      const results = await Promise.all(Array.from({ length: 100 }, () => attempts.count('10.0.0.1')));
      expect(results.filter((result) => result.allowed)).toHaveLength(10);
    });
  });
}
