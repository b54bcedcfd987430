import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import { REPLICA_LEASE_MS, type TargetLoads, type TargetReport } from './target-loads.ts';

const report = (inFlight: number, waiting: number, limit?: number): ReadonlyMap<string, TargetReport> =>
  new Map([['t', { inFlight, waiting, ...(limit === undefined ? {} : { limit }) }]]);

/** Every adapter of `TargetLoads` passes this; `open` gives an empty store. */
export function targetLoadsContract(adapter: string, open: (clock: ManualClock) => TargetLoads): void {
  describe(`loads of targets (${adapter})`, () => {
    const shareOf = async (loads: TargetLoads, replica: string, measured: ReadonlyMap<string, TargetReport>) =>
      (await loads.exchange(replica, measured)).shares.get('t');

    it('counts every replica until it deregisters or sends no heartbeat, also one without loads', async () => {
      const clock = new ManualClock();
      const loads = open(clock);
      const replicas = async (replica: string) => (await loads.exchange(replica, new Map())).replicas;
      expect(await replicas('a')).toBe(1);
      expect(await replicas('b')).toBe(2);
      expect(await replicas('a')).toBe(2);
      await loads.deregister('a');
      expect(await replicas('b')).toBe(1);
      expect(await replicas('c')).toBe(2);
      clock.advance(REPLICA_LEASE_MS / 2);
      await replicas('b');
      clock.advance(REPLICA_LEASE_MS / 2 + 1);
      expect(await replicas('b')).toBe(1);
    });

    it('adds up the in-flight calls of all replicas', async () => {
      const loads = open(new ManualClock());
      expect(await shareOf(loads, 'a', report(3, 0))).toEqual({ inFlight: 3 });
      expect(await shareOf(loads, 'b', report(4, 0))).toEqual({ inFlight: 7 });
      expect(await shareOf(loads, 'a', report(1, 0))).toEqual({ inFlight: 5 });
    });

    it('forgets a replica that deregisters or sends no heartbeat', async () => {
      const clock = new ManualClock();
      const loads = open(clock);
      await loads.exchange('a', report(3, 0));
      await loads.exchange('b', report(4, 0));
      await loads.deregister('a');
      expect(await shareOf(loads, 'b', report(4, 0))).toEqual({ inFlight: 4 });
      await loads.exchange('a', report(2, 0));
      clock.advance(REPLICA_LEASE_MS / 2);
      await loads.exchange('b', report(4, 0));
      clock.advance(REPLICA_LEASE_MS / 2 + 1);
      expect(await shareOf(loads, 'b', report(4, 0))).toEqual({ inFlight: 4 });
    });

    it('keeps replicas whose heartbeats are missing because the store was unavailable', async () => {
      const clock = new ManualClock();
      const loads = open(clock);
      await loads.exchange('a', report(3, 0, 8));
      await loads.exchange('b', report(2, 0, 8));
      clock.advance(REPLICA_LEASE_MS * 3);
      expect(await shareOf(loads, 'b', report(2, 0, 8))).toMatchObject({ inFlight: 5 });
    });

    it('gives all permits to a replica while no other replica has waiting calls', async () => {
      const loads = open(new ManualClock());
      expect(await shareOf(loads, 'a', report(0, 0, 10))).toEqual({ inFlight: 0, permits: 10 });
      expect(await shareOf(loads, 'a', report(10, 5, 10))).toEqual({ inFlight: 10, permits: 10 });
    });

    it('gives equal shares when both replicas have waiting calls, and unused permits to the other one', async () => {
      const loads = open(new ManualClock());
      await loads.exchange('a', report(10, 5, 10));
      expect(await shareOf(loads, 'b', report(0, 8, 10))).toEqual({ inFlight: 10, permits: 0 });
      // calls of a end, and it may not begin as many again
      expect(await shareOf(loads, 'a', report(7, 8, 10))).toMatchObject({ permits: 7 });
      expect(await shareOf(loads, 'b', report(0, 8, 10))).toMatchObject({ permits: 3 });
      expect(await shareOf(loads, 'a', report(4, 8, 10))).toMatchObject({ permits: 5 });
      expect(await shareOf(loads, 'b', report(3, 8, 10))).toMatchObject({ permits: 5 });
      // a needs two alone
      expect(await shareOf(loads, 'a', report(2, 0, 10))).toMatchObject({ permits: 2 });
      expect(await shareOf(loads, 'b', report(5, 8, 10))).toMatchObject({ permits: 8 });
    });

    it('returns the permits of a target to the other replicas when a replica reports it without a limit', async () => {
      const loads = open(new ManualClock());
      await loads.exchange('a', report(6, 0, 10));
      await loads.exchange('a', report(6, 0));
      expect(await shareOf(loads, 'b', report(0, 9, 10))).toMatchObject({ permits: 5 });
    });

    it('never grants more permits than the limit', async () => {
      const step = fc.record({ replica: fc.constantFrom('a', 'b', 'c'), calls: fc.nat(12), ends: fc.nat(12) });
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 40 }), async (limit, steps) => {
          const loads = open(new ManualClock());
          const replicas = new Map<string, { inFlight: number; permits: number }>();
          for (const { replica, calls, ends } of steps) {
            const own = replicas.get(replica) ?? { inFlight: 0, permits: 0 };
            replicas.set(replica, own);
            own.inFlight = Math.max(0, own.inFlight - ends);
            const begin = Math.min(calls, Math.max(0, own.permits - own.inFlight));
            own.inFlight += begin;
            own.permits = (await shareOf(loads, replica, report(own.inFlight, calls - begin, limit)))?.permits ?? 0;
            const sum = (of: (one: { inFlight: number; permits: number }) => number) =>
              [...replicas.values()].reduce((all, one) => all + of(one), 0);
            expect(sum((one) => Math.max(one.permits, one.inFlight))).toBeLessThanOrEqual(limit);
          }
        }),
        { numRuns: propertyRuns(adapter === 'memory' ? 300 : 40) },
      );
    });

    it('averages speeds over all replicas: quickly upwards, slowly downwards', async () => {
      const clock = new ManualClock();
      const loads = open(clock);
      const measured = (meanMs: number): ReadonlyMap<string, TargetReport> =>
        new Map([['t', { inFlight: 0, waiting: 0, first: { count: 1, meanMs } }]]);
      expect(await shareOf(loads, 'a', measured(100))).toMatchObject({ firstMs: 100, measuredMs: 0 });
      expect(await shareOf(loads, 'b', measured(900))).toMatchObject({ firstMs: 900 });
      clock.advance(10_000);
      const after = (await shareOf(loads, 'a', measured(100)))?.firstMs ?? 0;
      expect(after).toBeGreaterThan(380);
      expect(after).toBeLessThan(410);
      clock.advance(3_000);
      expect(await shareOf(loads, 'b', report(0, 0))).toMatchObject({ firstMs: after, measuredMs: 3_000 });
    });
  });
}
