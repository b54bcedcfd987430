import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import { type Meters, subWindowsOf } from './meters.ts';

/** One call of a client, some time after the previous call. */
interface Step {
  readonly client: number;
  readonly afterMs: number;
  readonly amount: number;
}

const CLIENTS = 4;

const schedule = (windowMs: number): fc.Arbitrary<readonly Step[]> => {
  const gap = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: Math.ceil(windowMs / 20) }) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: windowMs * 2 }) },
    // an administrator or a failover sets the clock back
    { weight: 1, arbitrary: fc.integer({ min: -windowMs * 2, max: 0 }) },
  );
  const step = fc.record({ client: fc.nat(CLIENTS - 1), afterMs: gap, amount: fc.integer({ min: 1, max: 3 }) });
  return fc.array(step, { minLength: 20, maxLength: 120 });
};

let unique = 0;

/**
 * Compares sliding windows with a model that remembers every admitted call. Several clients call through their own connections.
 *
 * @param open opens a connection to one store, on the clock that the test moves
 */
export function slidingWindowContract(
  adapter: string,
  runs: number,
  open: (clock: ManualClock, connection: number) => Meters,
): void {
  describe(`sliding window (${adapter})`, () => {
    it('counts requests under a late clock in the newest sub-window, and expires them with it', async () => {
      const clock = new ManualClock(1_700_000_000_000);
      const meters = open(clock, 0);
      const tenant = `window-${++unique}`;
      const remaining = async (callId: string, amount: number) => {
        const charges = [{ kind: 'window', meter: 'requests', limit: 10, windowMs: 60_000, amount } as const];
        const result = await meters.reserve({ tenant, subject: 'key', callId, charges });
        return result.admitted ? result.reserved[0]?.state.remaining : undefined;
      };
      expect(await remaining('first', 3)).toBe(7);
      clock.advance(-10_000);
      expect(await remaining('behind', 2)).toBe(5);
      clock.advance(10_000 + 30_000);
      expect(await remaining('between', 1)).toBe(4);
      clock.advance(32_000);
      expect(await remaining('later', 1)).toBe(8);
    });

    it.each([
      { limit: 7, windowMs: 60_000 },
      { limit: 4, windowMs: 1_000 },
    ])(
      'never admits more than $limit in any $windowMs ms, and refuses an amount for at most one sub-window too long',
      async ({ limit, windowMs }) => {
        const subWindowMs = windowMs / subWindowsOf(windowMs);
        await fc.assert(
          fc.asyncProperty(schedule(windowMs), async (steps) => {
            const clock = new ManualClock();
            const connections = Array.from({ length: CLIENTS }, (_, n) => open(clock, n));
            const tenant = `window-${++unique}`;
            const admitted: { atMs: number; amount: number }[] = [];
            /** The time of the last admission. An earlier clock reopens nothing, so it counts as this time. */
            let lastMs = 0;
            const within = (fromMs: number): number =>
              admitted.reduce((sum, call) => (call.atMs > fromMs ? sum + call.amount : sum), 0);

            for (const [n, { client, afterMs, amount }] of steps.entries()) {
              clock.set(clock.now() + afterMs);
              const charges = [{ kind: 'window', meter: 'requests', limit, windowMs, amount } as const];
              const before = within(Number.NEGATIVE_INFINITY);
              const result = await (connections[client] as Meters).reserve({
                tenant,
                subject: 'key',
                callId: `call-${n}`,
                charges,
              });
              const atMs = Math.max(lastMs, clock.now());
              if (result.admitted) {
                lastMs = atMs;
                admitted.push({ atMs, amount });
                // a span of the window's length that ends now; an earlier span was checked at its end
                expect(within(atMs - windowMs)).toBeLessThanOrEqual(limit);
              } else if (result.reason === 'exhausted') {
                // with one more sub-window the limit had no room, and earlier refusals were not counted
                expect(within(atMs - windowMs - subWindowMs) + amount).toBeGreaterThan(limit);
                expect(within(Number.NEGATIVE_INFINITY)).toBe(before);
                expect(result.retryAfterMs).toBeGreaterThan(0);
              } else throw new Error(`call-${n} was settled before`);
            }
          }),
          { numRuns: propertyRuns(runs) },
        );
      },
    );
  });
}
