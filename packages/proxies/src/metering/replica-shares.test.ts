import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import type { Charge } from '@sluice/store/ports';
import fc from 'fast-check';
import { ReplicaShares } from './replica-shares.ts';

const of = { tenant: 't', subject: 'k' };
const requests = (limit: number, amount = 1): Charge => ({ kind: 'window', meter: 'requests', limit, windowMs: 60_000, amount });
const slot = (limit: number): Charge => ({ kind: 'concurrency', meter: 'concurrent', limit, leaseMs: 30_000 });

describe('ReplicaShares', () => {
  const sharesOf = (maxReplicas: number | undefined, clock = new ManualClock()) =>
    new ReplicaShares({ clock, maxReplicas: () => maxReplicas });

  it('admits no call without a number of replicas, or with more replicas than the limit', () => {
    expect(sharesOf(undefined).tryAdmit(of, [requests(10)])).toBeUndefined();
    expect(sharesOf(undefined).record(of, [requests(10)])).toBeUndefined();
    expect(sharesOf(4).tryAdmit(of, [requests(3)])).toBeUndefined();
  });

  it("admits the replica's share of a limit, minus the calls already admitted in the window", () => {
    const clock = new ManualClock();
    const shares = sharesOf(3, clock);
    for (let n = 0; n < 2; n++) shares.record(of, [requests(10)]);
    expect(shares.tryAdmit(of, [requests(10)])).toBeDefined();
    expect(shares.tryAdmit(of, [requests(10)])).toBeUndefined();
    expect(shares.tryAdmit({ ...of, subject: 'other' }, [requests(10)])).toBeDefined();
    clock.advance(61_000);
    expect(shares.tryAdmit(of, [requests(10, 3)])).toBeDefined();
  });

  it('counts the actual tokens of a settled call', () => {
    const shares = sharesOf(2);
    const first = shares.tryAdmit(of, [requests(100, 40)]);
    expect(shares.tryAdmit(of, [requests(100, 20)])).toBeUndefined();
    first?.settle(() => 25);
    const second = shares.tryAdmit(of, [requests(100, 20)]);
    second?.settle(() => 30);
    expect(shares.tryAdmit(of, [requests(100, 1)])).toBeUndefined();
  });

  it("limits concurrent calls to the replica's share", () => {
    const shares = sharesOf(2);
    const one = shares.record(of, [slot(4)]);
    expect(shares.tryAdmit(of, [slot(4)])).toBeDefined();
    expect(shares.tryAdmit(of, [slot(4)])).toBeUndefined();
    one?.settle(() => 0);
    expect(shares.tryAdmit(of, [slot(4)])).toBeDefined();
  });

  it('takes from all limits of a call or from none', () => {
    const shares = sharesOf(2);
    shares.tryAdmit(of, [slot(4), requests(2)]);
    expect(shares.tryAdmit(of, [slot(4), requests(2)])).toBeUndefined();
    expect(shares.tryAdmit(of, [slot(4)])).toBeDefined();
  });

  it('admits at most the limit in any window, and less than twice the limit in the window of the store outage', async () => {
    const step = fc.record({ replica: fc.nat(2), waitMs: fc.nat(9_000), unavailable: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 20 }),
        fc.array(step, { minLength: 20, maxLength: 150 }),
        async (limit, steps) => {
          const clock = new ManualClock();
          const meters = new MemoryMeters(clock);
          const replicas = [0, 1, 2].map(() => sharesOf(3, clock));
          const admitted: number[] = [];
          const lost: number[] = [];
          let wasUnavailable = false;
          const waiting: string[] = [];
          const charge = requests(limit);
          for (const [n, { replica, waitMs, unavailable }] of steps.entries()) {
            clock.advance(waitMs);
            const shares = replicas[replica] as ReplicaShares;
            const callId = `call-${n}`;
            if (unavailable && !wasUnavailable) lost.push(clock.now());
            if (!unavailable) {
              // admitted calls are settled when the store is available again
              for (const id of waiting.splice(0)) {
                await meters.settle({ ...of, callId: id, unconfirmed: true, charges: [{ charge, actual: 1 }] });
              }
            }
            wasUnavailable = unavailable;
            if (unavailable) {
              if (shares.tryAdmit(of, [charge]) === undefined) continue;
              waiting.push(callId);
            } else {
              if (!(await meters.reserve({ ...of, callId, charges: [charge] })).admitted) continue;
              shares.record(of, [charge]);
            }
            admitted.push(clock.now());
          }
          for (const from of admitted) {
            const inWindow = admitted.filter((at) => at >= from && at < from + 60_000).length;
            const straddles = lost.some((at) => at >= from - 60_000 && at < from + 60_000);
            expect(inWindow).toBeLessThan(straddles ? 2 * limit : limit + 1);
          }
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  });
});
