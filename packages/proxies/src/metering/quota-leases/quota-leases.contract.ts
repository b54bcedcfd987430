import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import { type Charge, type Meters, type ReservedCharge, subWindowsOf } from '@sluice/store/ports';
import fc from 'fast-check';
import { LeasedCall } from './leased-call.ts';
import { QuotaLeases } from './quota-leases.ts';

const LEASE_MS = 30_000;
const SECOND = 1_000;
const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;
const TEAM = '@team:web';
/** Limits that some of the calls reach. */
const LIMITS = { second: 90, minute: 400, tokens: 60_000, all: 1_000_000_000, slots: 150, budget: 300_000, team: 500 };

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      replica: fc.nat(3),
      subject: fc.constantFrom('a', 'b'),
      turns: fc.integer({ min: 1, max: 12 }),
      count: fc.integer({ min: 1, max: 6 }),
      gapMs: fc.integer({ min: 0, max: 12 }),
      tokens: fc.integer({ min: 1, max: 200 }),
      cost: fc.integer({ min: 0, max: 900 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), count: fc.nat(40), percent: fc.nat(100) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 40, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 3_000, max: 70_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type CallStep = Extract<Step, { readonly do: 'call' }>;

function chargesOf(tokens: number, cost: number): Charge[] {
  const requests = { kind: 'window', meter: 'requests', amount: 1 } as const;
  return [
    { ...requests, limit: LIMITS.second, windowMs: SECOND },
    { ...requests, limit: LIMITS.minute, windowMs: MINUTE },
    { kind: 'window', meter: 'tokens', limit: LIMITS.tokens, windowMs: MINUTE, amount: tokens },
    { kind: 'window', meter: 'tokens', limit: LIMITS.all, windowMs: YEAR, amount: tokens },
    { kind: 'concurrency', meter: 'concurrent', limit: LIMITS.slots, leaseMs: LEASE_MS },
    {
      ...({ kind: 'budget', meter: 'budget', limit: LIMITS.budget, amount: cost, maxAmount: cost * 2 } as const),
      ...{ period: 'p', endsAtMs: undefined, leaseMs: LEASE_MS },
    },
    { ...requests, limit: LIMITS.team, windowMs: MINUTE, subject: TEAM },
  ];
}

interface CallInFlight {
  readonly callId: string;
  readonly subject: string;
  readonly replica: QuotaLeases;
  readonly atMs: number;
  readonly reserved: readonly ReservedCharge[];
}

/** What an admitted call counts in each window: what it has reserved, or its actual amounts. */
interface Counted {
  readonly subject: string;
  readonly atMs: number;
  tokens: number;
}

/** Returns the sub-windows that have counted a lease. Both adapters have them as receipts. */
const subWindowsOfLease = ({ lease }: LeasedCall): unknown[] =>
  lease.reserved.map(({ charge, receipt }) => (charge.kind === 'window' ? receipt : undefined));

const subWindowAt = (charge: Charge, nowMs: number): number | undefined =>
  charge.kind === 'window' ? Math.floor(nowMs / (charge.windowMs / subWindowsOf(charge.windowMs))) : undefined;

let unique = 0;

/** Replicas with leases on one store, and a log of all admitted calls. */
class Replicas {
  readonly #clock = new ManualClock();
  readonly #tenant = `leasing-${++unique}`;
  readonly #stores: readonly Meters[];
  readonly #replicas: readonly QuotaLeases[];
  readonly #log: Counted[] = [];
  readonly #spent = new Map<string, number>();
  readonly #settling: Promise<void>[] = [];
  #inFlight: (CallInFlight & { readonly counted: Counted })[] = [];
  #calls = 0;
  admitted = 0;
  /** Calls that a lease admitted: the store has no reservation of them. */
  leased = 0;

  constructor(open: (clock: ManualClock, replica: number) => Meters, count: number) {
    this.#stores = Array.from({ length: count }, (_, n) => open(this.#clock, n));
    // larger leases than usual, so that small limits have some
    const sizes = { spanMs: 50, minCalls: 1, shareOfLimit: 1, shareOfRoom: 1 };
    const options = { clock: this.#clock, above: () => 0, replicas: () => count, sizes, turnMs: 1_000_000_000 };
    this.#replicas = this.#stores.map((meters) => new QuotaLeases({ meters, ...options }));
  }

  async run(one: Step): Promise<void> {
    if (one.do === 'call') await this.#callInTurns(one);
    else if (one.do === 'end') this.#end(one.count, one.percent);
    else if (one.do === 'renew') await this.#renew();
    else await this.#wait(one.ms);
  }

  /** Ends all calls, and expects exact sums and nothing that is held. */
  async finish(): Promise<void> {
    this.#end(this.#inFlight.length, 50);
    for (const replica of this.#replicas) await replica.giveBack();
    await Promise.all(this.#settling);
    const [store] = this.#stores as [Meters];
    for (const subject of ['a', 'b']) {
      const state = await store.budget({ tenant: this.#tenant, subject, meter: 'budget', period: 'p' });
      expect({ subject, ...state }).toEqual({ subject, spent: this.#spent.get(subject) ?? 0, reserved: 0, leased: 0 });
      const tokens = this.#log.reduce((sum, call) => (call.subject === subject ? sum + call.tokens : sum), 0);
      const charges = chargesOf(0, 0).filter((charge) => charge.kind === 'concurrency' || charge.limit === LIMITS.all);
      const last = await store.reserve({ tenant: this.#tenant, subject, callId: `last-${subject}`, charges });
      expect(last).toMatchObject({
        reserved: [{ state: { remaining: LIMITS.all - tokens } }, { state: { remaining: LIMITS.slots - 1 } }],
      });
    }
  }

  /** Calls a replica in several turns of the event loop. */
  async #callInTurns(one: CallStep): Promise<void> {
    for (let turn = 0; turn < one.turns; turn++) {
      await this.#call(one);
      await this.#wait(one.gapMs);
    }
  }

  async #call({ replica: n, subject, count, tokens, cost }: CallStep): Promise<void> {
    const replica = this.#replicas[n % this.#replicas.length] as QuotaLeases;
    const requests = Array.from({ length: count }, () => ({
      ...{ tenant: this.#tenant, subject, callId: `call-${++this.#calls}`, charges: chargesOf(tokens, cost) },
    }));
    const results = await Promise.all(requests.map((request) => replica.reserve(request)));
    const atMs = this.#clock.now();
    for (const [k, { callId }] of requests.entries()) {
      const result = results[k];
      if (!result?.admitted) continue;
      const counted = { subject, atMs, tokens };
      this.#log.push(counted);
      this.#inFlight.push({ callId, subject, replica, atMs, reserved: result.reserved, counted });
      this.admitted++;
      const receipt = result.reserved[0]?.receipt;
      if (!(receipt instanceof LeasedCall)) continue;
      this.leased++;
      expect(subWindowsOfLease(receipt)).toEqual(receipt.lease.reserved.map(({ charge }) => subWindowAt(charge, atMs)));
    }
    this.#expectWithinLimits(subject);
  }

  #expectWithinLimits(subject: string): void {
    const nowMs = this.#clock.now();
    const inSpan = (spanMs: number, own = true): Counted[] =>
      this.#log.filter((call) => call.atMs > nowMs - spanMs && (!own || call.subject === subject));
    const inFlight = this.#inFlight.filter((call) => call.subject === subject);
    const granted = inFlight.map(({ reserved }) => reserved.find(({ charge }) => charge.kind === 'budget')?.amount ?? 0);
    expect(inSpan(SECOND).length).toBeLessThanOrEqual(LIMITS.second);
    expect(inSpan(MINUTE).length).toBeLessThanOrEqual(LIMITS.minute);
    expect(inSpan(MINUTE, false).length).toBeLessThanOrEqual(LIMITS.team);
    expect(inSpan(MINUTE).reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(LIMITS.tokens);
    expect(inFlight.length).toBeLessThanOrEqual(LIMITS.slots);
    expect(granted.reduce((sum, amount) => sum + amount, this.#spent.get(subject) ?? 0)).toBeLessThanOrEqual(LIMITS.budget);
  }

  #end(count: number, percent: number): void {
    for (const { callId, subject, replica, reserved, counted } of this.#inFlight.splice(0, count)) {
      const part = (amount: number): number => Math.floor((amount * percent) / 100);
      const actualOf = ({ charge, amount }: ReservedCharge): number => (charge.meter === 'requests' ? amount : part(amount));
      const charges = reserved.map((one) => ({ ...one, actual: actualOf(one) }));
      counted.tokens = part(counted.tokens);
      const cost = charges.find(({ charge }) => charge.kind === 'budget')?.actual ?? 0;
      this.#spent.set(subject, (this.#spent.get(subject) ?? 0) + cost);
      const settlement = { tenant: this.#tenant, subject, callId, charges };
      this.#settling.push(replica.settle(settlement));
      // a repeated settlement
      if (count % 3 === 0) this.#settling.push(replica.settle(settlement));
    }
  }

  async #renew(): Promise<void> {
    for (const replica of this.#replicas) {
      const calls = this.#inFlight.filter((call) => call.replica === replica);
      await replica.renew(calls.flatMap(({ callId, subject }) => this.#heldBy(callId, subject)));
    }
  }

  #heldBy(callId: string, subject: string) {
    const of = { tenant: this.#tenant, subject, callId, leaseMs: LEASE_MS };
    return [
      { ...of, kind: 'concurrency', meter: 'concurrent' },
      { ...of, kind: 'budget', meter: 'budget', period: 'p', amount: 0 },
    ] as const;
  }

  async #wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10_000) {
      this.#clock.advance(Math.min(10_000, ms - passed));
      for (const replica of this.#replicas) replica.turn();
      await this.#renew();
    }
  }
}

/**
 * Compares calls of replicas with quota leases with a log of all admitted calls.
 *
 * @param open opens the store as one of its replicas, on the clock that the test moves
 */
export function leasingContract(adapter: string, runs: number, open: (clock: ManualClock, replica: number) => Meters): void {
  describe(`replicas with quota leases (${adapter})`, () => {
    it('never exceeds a limit in any span, adds up tokens and money exactly, and leaves nothing held', async () => {
      const calls = { admitted: 0, leased: 0 };
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 4 }),
          fc.array(step, { minLength: 10, maxLength: 60 }),
          async (count, steps) => {
            const replicas = new Replicas(open, count);
            for (const one of steps) await replicas.run(one);
            await replicas.finish();
            calls.admitted += replicas.admitted;
            calls.leased += replicas.leased;
          },
        ),
        { numRuns: propertyRuns(runs) },
      );
      expect(calls.leased / calls.admitted).toBeGreaterThan(0.3);
    });
  });
}
