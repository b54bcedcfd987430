import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { Charge, MeteredCall, Meters, ReservationResult, ReservedCharge } from './meters.ts';

const LEASE_MS = 30_000;
const of = (tenant: string, subject: string, callId: string) => ({ tenant, subject, callId });

const requests = { kind: 'window', meter: 'requests', limit: 8, windowMs: 1_000, amount: 1 } as const;
const tokens = (amount: number) => ({ kind: 'window', meter: 'tokens', limit: 100, windowMs: 60_000, amount }) as const;
const slots = (limit: number) => ({ kind: 'concurrency', meter: 'concurrent', limit, leaseMs: LEASE_MS }) as const;
const budget = (amount: number, limit = 300) =>
  ({
    kind: 'budget',
    meter: 'budget',
    limit,
    amount,
    maxAmount: amount * 2,
    period: 'p',
    endsAtMs: undefined,
    leaseMs: LEASE_MS,
  }) as const;

interface Call {
  readonly tenant: string;
  readonly subject: string;
  /** Sends the call before once more. */
  readonly repeats: boolean;
  readonly charges: readonly Charge[];
  /** Of the reserved tokens and money, in percent. */
  readonly actualPercent: number;
}

const TENANTS = ['x', 'y'];
const SUBJECTS = ['a', 'b', 'c'];

const call: fc.Arbitrary<Call> = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  subject: fc.constantFrom(...SUBJECTS),
  repeats: fc.nat(9).map((n) => n === 0),
  charges: fc
    .tuple(fc.nat(40), fc.nat(60), fc.nat(7), fc.boolean())
    .map(([text, money, kinds, team]): Charge[] => [
      requests,
      ...((kinds & 1) === 1 ? [tokens(text)] : []),
      ...((kinds & 2) === 2 ? [slots(4)] : []),
      ...((kinds & 4) === 4 ? [budget(money)] : []),
      ...(team ? [{ ...tokens(text), limit: 200, subject: '@team:web' }] : []),
    ]),
  actualPercent: fc.nat(150),
});

/** Several calls that arrive in one turn of the event loop. */
interface Turn {
  readonly calls: readonly Call[];
  readonly ending: number;
  readonly waitMs: number;
}

const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({ calls: fc.array(call, { maxLength: 12 }), ending: fc.nat(12), waitMs: fc.nat(3_000) }),
  // shorter than a lease: stores may renew the reservations of a replica together
  { minLength: 1, maxLength: 8 },
);

let unique = 0;

/**
 * Compares calls of one turn of the event loop with the same calls one after another.
 *
 * @param open opens a store that decides the calls of a turn together
 * @param openReference opens a store that decides each call alone
 */
export function meterBatchesContract(
  adapter: string,
  runs: number,
  open: (clock: ManualClock, replica: number) => Meters,
  openReference: (clock: ManualClock) => Meters,
): void {
  describe(`calls of one turn (${adapter})`, () => {
    it('returns the results of the same calls one after another', async () => {
      await fc.assert(
        fc.asyncProperty(turns, async (steps) => {
          const clock = new ManualClock(1_700_000_000_000);
          const [together, single] = [open(clock, 0), openReference(clock)];
          const prefix = `batches-${++unique}`;
          const inFlight: Ending[] = [];
          let calls = 0;
          const keys = TENANTS.flatMap((tenant) => SUBJECTS.map((subject) => ({ tenant: `${prefix}-${tenant}`, subject })));
          // a call that waits until its budget is seeded is decided after the others of its turn
          for (const key of keys) {
            for (const meters of [together, single]) await meters.reserve({ ...key, callId: key.subject, charges: [budget(0)] });
          }
          for (const { calls: some, ending, waitMs } of steps) {
            const requested: Requested[] = [];
            for (const { tenant, subject, repeats, charges, actualPercent } of some) {
              const last = requested.at(-1);
              if (repeats && last !== undefined) requested.push(last);
              else requested.push({ ...of(`${prefix}-${tenant}`, subject, `call-${++calls}`), charges, actualPercent });
            }
            const results = await Promise.all(requested.map((one) => together.reserve(one)));
            for (const [n, one] of requested.entries()) {
              const expected = await single.reserve(one);
              const result = results[n] as ReservationResult;
              expect(resultOf(result)).toEqual(resultOf(expected));
              if (!result.admitted || !expected.admitted) continue;
              if (inFlight.some(({ callId }) => callId === one.callId)) continue;
              inFlight.push({ ...one, reserved: result.reserved, reference: expected.reserved });
            }
            clock.advance(waitMs);
            const ended = inFlight.splice(0, ending);
            await Promise.all(ended.map((one) => together.settle({ ...one, charges: settled(one, one.reserved) })));
            for (const one of ended) await single.settle({ ...one, charges: settled(one, one.reference) });
            for (const key of keys) {
              const name = { ...key, meter: 'budget', period: 'p' };
              expect(await together.budget(name)).toEqual(await single.budget(name));
            }
          }
        }),
        { numRuns: propertyRuns(runs) },
      );
    });

    it('decides calls of twelve tenants by their own limits, also if they have the same id', async () => {
      const meters = open(new ManualClock(1_700_000_000_000), 0);
      const prefix = `batches-${++unique}`;
      const tenants = Array.from({ length: 12 }, (_, n) => `${prefix}-${n}`);
      const charges = [requests, slots(1), budget(10)];
      const reserve = (callId: string) =>
        Promise.all(tenants.map((tenant) => meters.reserve({ ...of(tenant, 'a', callId), charges })));
      const first = await reserve('same');
      expect(first.every(({ admitted }) => admitted)).toBe(true);
      expect((await reserve('another')).some(({ admitted }) => admitted)).toBe(false);
      const settle = (result: ReservationResult, n: number): Promise<void> => {
        const reserved = result.admitted ? result.reserved : [];
        return meters.settle({
          ...of(tenants[n] as string, 'a', 'same'),
          charges: reserved.map((one) => ({ ...one, actual: n })),
        });
      };
      await Promise.all(first.map(settle));
      await Promise.all(first.map(settle));
      const names = tenants.map((tenant) => ({ tenant, subject: 'a', meter: 'budget', period: 'p' }));
      const states = await Promise.all(names.map((name) => meters.budget(name)));
      expect(states).toEqual(tenants.map((_, n) => ({ spent: n, reserved: 0, leased: 0 })));
    });

    it('rejects one call with an amount that cannot be counted, and decides the others', async () => {
      const meters = open(new ManualClock(1_700_000_000_000), 0);
      const tenant = `batches-${++unique}`;
      const reserve = (callId: string, amount: number) =>
        meters.reserve({ ...of(tenant, 'a', callId), charges: [tokens(amount)] });
      const [first, bad, last] = await Promise.allSettled([reserve('1', 10), reserve('2', 0.5), reserve('3', 20)]);
      expect(first).toMatchObject({ value: { admitted: true, reserved: [{ state: { remaining: 90 } }] } });
      expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'amount out of range: 0.5' } });
      expect(last).toMatchObject({ value: { admitted: true, reserved: [{ state: { remaining: 70 } }] } });
    });

    it('decides each call by its own limit, also if one meter has two limits', async () => {
      const meters = open(new ManualClock(1_700_000_000_000), 0);
      const tenant = `batches-${++unique}`;
      const results = await Promise.all(
        [100, 30, 100, 30].map((limit, n) => meters.reserve({ ...of(tenant, 'a', `${n}`), charges: [{ ...tokens(25), limit }] })),
      );
      expect(results.map(({ admitted }) => admitted)).toEqual([true, false, true, false]);
    });

    it('admits all calls if only some of them need the spend of a new budget', async () => {
      const meters = open(new ManualClock(1_700_000_000_000), 0);
      const tenant = `batches-${++unique}`;
      const charges = [[slots(9)], [slots(9), budget(10)], [slots(9)], [budget(10)]];
      const results = await Promise.all(charges.map((some, n) => meters.reserve({ ...of(tenant, 'a', `${n}`), charges: some })));
      expect(results.every(({ admitted }) => admitted)).toBe(true);
      expect(await meters.budget({ tenant, subject: 'a', meter: 'budget', period: 'p' })).toMatchObject({ spent: 0 });
    });
  });

  describe(`a replica that was taken for dead (${adapter})`, () => {
    it('gives nothing back twice when it returns, and counts its costs once', async () => {
      const clock = new ManualClock(1_700_000_000_000);
      const [alive, returning] = [open(clock, 0), open(clock, 1)];
      const tenant = `batches-${++unique}`;
      const charges = [slots(1), { ...budget(100, 100), maxAmount: undefined }];
      const reserve = (by: Meters, callId: string) => by.reserve({ ...of(tenant, 'a', callId), charges });
      const end = async (by: Meters, callId: string, result: ReservationResult, actual: number) => {
        if (!result.admitted) throw new Error(`${callId} was refused`);
        await by.settle({ ...of(tenant, 'a', callId), charges: result.reserved.map((one) => ({ ...one, actual })) });
      };
      const state = () => alive.budget({ tenant, subject: 'a', meter: 'budget', period: 'p' });
      const stalled = await reserve(returning, 'stalled');
      expect(await reserve(alive, 'refused')).toMatchObject({ admitted: false });
      clock.advance(LEASE_MS + 1);
      const next = await reserve(alive, 'next');
      expect(next.admitted).toBe(true);
      await end(returning, 'stalled', stalled, 0);
      expect(await reserve(returning, 'still full')).toMatchObject({ admitted: false, charge: { meter: 'concurrent' } });
      expect(await state()).toMatchObject({ spent: 0, reserved: 100 });
      await end(alive, 'next', next, 0);
      const again = await reserve(returning, 'again');
      expect(again.admitted).toBe(true);
      // the former settlement, once more
      await end(returning, 'stalled', stalled, 0);
      expect(await state()).toMatchObject({ spent: 0, reserved: 100 });
      await end(returning, 'again', again, 30);
      expect(await state()).toMatchObject({ spent: 30, reserved: 0 });
    });
  });
}

interface Requested extends MeteredCall {
  readonly charges: readonly Charge[];
  readonly actualPercent: number;
}

interface Ending extends Requested {
  readonly reserved: readonly ReservedCharge[];
  readonly reference: readonly ReservedCharge[];
}

function settled({ actualPercent }: Ending, reserved: readonly ReservedCharge[]) {
  return reserved.map((one) => ({
    ...one,
    actual: one.charge.meter === 'requests' ? 1 : Math.floor((one.amount * actualPercent) / 100),
  }));
}

/** Returns everything except the opaque receipts. */
function resultOf(result: ReservationResult): unknown {
  if (!result.admitted) return result;
  return result.reserved.map(({ receipt: _, ...one }) => one);
}
