import { describe, expect, it, jest } from '@jest/globals';
import { type Limits, LlmError, type LlmReply, type LlmService, ReplyStream, usd } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryMeters } from '@sluice/store/memory';
import type { Charge, Meters, ReservationRequest } from '@sluice/store/ports';
import { estimateCall } from '../call-estimate.ts';
import { periodAt } from './budget-period.ts';
import { FallbackLimiter } from './fallback-limiter.ts';
import { metering } from './metering.ts';
import { meterStates } from './quota-results.ts';

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

const callOf = (limits: Limits) => {
  const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
  call.context.caller = { tenant: 't', keyName: 'k', limits };
  return call;
};

function setUp(limits: Limits, next: LlmService = { complete: async () => whole }) {
  const clock = new ManualClock();
  const meters = new MemoryMeters(clock);
  const service = metering({ meters, clock })(next);
  const ask = async () => {
    const call = callOf(limits);
    const reply = await service.complete(call);
    return { reply, meters: meterStates.get(call) };
  };
  return { clock, ask };
}

const never = () => Promise.reject(new Error('must not be called'));
const unused: Meters = {
  ...{ reserve: never, release: never, settle: never, renew: never },
  ...{ budget: never, lease: never, raiseToLedger: never, settleQuotaLeases: never },
};

/** Slots are released in the next turn of the event loop, after the effects of a stream's end in this turn. */
const nextTurn = async () => {
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
};

describe('metering', () => {
  it("consults the store once per second when a caller's request window is full, and counts each refusal", async () => {
    const clock = new ManualClock();
    const meters = new MemoryMeters(clock);
    const reserve = jest.spyOn(meters, 'reserve');
    const rateLimited = { inc: jest.fn() };
    const metrics = { rateLimited, budgetRejected: { inc: jest.fn() }, budgetExceeded: { inc: jest.fn() } };
    const service = metering({ meters, clock, metrics })({ complete: async () => whole });
    const ask = () => service.complete(callOf({ requests: [{ limit: 1, windowMs: 60_000 }] }));
    await ask();
    for (let n = 0; n < 5; n++) await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect(reserve).toHaveBeenCalledTimes(2);
    expect(rateLimited.inc).toHaveBeenCalledTimes(5);
    clock.advance(1_000);
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect(reserve).toHaveBeenCalledTimes(3);
  });

  it('admits calls up to the limit and reports the remaining amount', async () => {
    const { ask, clock } = setUp({ requests: [{ limit: 2, windowMs: 60_000 }] });
    expect((await ask()).meters).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
    await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: expect.any(Number) });
    await expect(ask()).rejects.toThrow(/^The limit of 2 requests is reached\. Try again in \d+ s\.$/);
    clock.advance(61_000);
    await ask();
  });

  it('reports limiter_unavailable, not a rate limit, when the store has already released the call', async () => {
    const settled = { admitted: false, reason: 'already_settled' } as const;
    const service = metering({ meters: { ...unused, reserve: async () => settled } })({ complete: async () => whole });
    const call = callOf({ requests: [{ limit: 2, windowMs: 60_000 }] });
    await expect(service.complete(call)).rejects.toMatchObject({ code: 'limiter_unavailable', status: 503 });
  });

  it('releases the slot of a call when it ends, also after an error', async () => {
    let fail = false;
    const { ask } = setUp(
      { concurrent: 1 },
      { complete: async () => (fail ? Promise.reject(new LlmError('upstream_error', 'x')) : whole) },
    );
    await ask();
    await nextTurn();
    fail = true;
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_error' });
    await nextTurn();
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_error' });
  });

  it.each(['finished', 'failed', 'cancelled'] as const)('holds the slot of a stream until it has %s', async (end) => {
    const streams: ReplyStream[] = [];
    const next: LlmService = {
      async complete() {
        const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
        streams.push(stream);
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      },
    };
    const { ask } = setUp({ concurrent: 1 }, next);
    await ask();
    await nextTurn();
    await expect(ask()).rejects.toThrow('Too many calls at one time: 1 of this key are in flight already.');
    streams[0]?.finish({ end });
    await nextTurn();
    await ask();
  });

  it('makes no round trip for a caller without limits', async () => {
    const meters = new MemoryMeters(new ManualClock());
    const reserve = jest.spyOn(meters, 'reserve');
    await metering({ meters })({ complete: async () => whole }).complete(callOf({}));
    expect(reserve).not.toHaveBeenCalled();
  });

  it.each<[name: string, limits: Limits, code: string]>([
    ['request limits', { requests: [{ limit: 3, windowMs: 60_000 }], concurrent: 3 }, 'limiter_unavailable'],
    ['a token limit', { tokens: [{ limit: 30_000, windowMs: 60_000 }] }, 'limiter_unavailable'],
    [
      'a budget',
      { requests: [{ limit: 3, windowMs: 60_000 }], budget: [{ amount: usd(1), period: 'month' }] },
      'budget_unavailable',
    ],
  ])(
    'refuses a call with %s when the store does not respond, and releases anything it may still take',
    async (_name, limits, code) => {
      const settle = jest.fn<Meters['settle']>(async () => {});
      const meters: Meters = { ...unused, reserve: () => Promise.reject(new Error('no answer')), settle };
      const health = { success: jest.fn(), failure: jest.fn() };
      const complete = jest.fn<LlmService['complete']>();
      const call = callOf(limits);
      await expect(metering({ meters, health })({ complete }).complete(call)).rejects.toMatchObject({ code, status: 503 });
      expect(complete).not.toHaveBeenCalled();
      expect(health.failure).toHaveBeenCalled();
      expect(settle).toHaveBeenCalledTimes(1);
      const [[settlement]] = settle.mock.calls as [[Parameters<Meters['settle']>[0]]];
      expect(settlement).toMatchObject({ callId: call.id, unconfirmed: true });
      expect(settlement.charges.map(({ actual }) => actual)).toEqual(settlement.charges.map(() => 0));
      expect(settlement.charges.length).toBe(Object.keys(limits).length);
    },
  );

  it('charges nothing for a call that was refused because the store responded late', async () => {
    const clock = new ManualClock();
    const meters = new MemoryMeters(clock);
    // the reservation is made, but its response is lost
    const late: Meters = {
      ...unused,
      reserve: async <C extends Charge>(request: ReservationRequest<C>) => Promise.reject(await meters.reserve(request)),
      settle: (settlement) => meters.settle(settlement),
    };
    const limits: Limits = {
      requests: [{ limit: 20, windowMs: 60_000 }],
      tokens: [{ limit: 30_000, windowMs: 60_000 }],
      budget: [{ amount: usd(1), period: 'month' }],
    };
    const proxied = metering({ meters: late, clock })({ complete: async () => whole });
    for (let n = 0; n < 6; n++) await expect(proxied.complete(callOf(limits))).rejects.toMatchObject({ status: 503 });
    const call = callOf(limits);
    await metering({ meters, clock })({ complete: async () => whole }).complete(call);
    expect(meterStates.get(call).find(({ meter }) => meter === 'requests')).toMatchObject({ remaining: 19 });
    const { usage } = estimateCall(call, undefined);
    const remaining = 30_000 - usage.inputTokens - usage.outputTokens;
    expect(meterStates.get(call).find(({ meter }) => meter === 'tokens')).toMatchObject({ remaining });
    const period = periodAt('month', clock.now()).name;
    await nextTurn();
    expect(await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period })).toMatchObject({ spent: 0, reserved: 0 });
  });

  it('enforces several request limits with windows of different lengths', async () => {
    const requests = [
      { limit: 2, windowMs: 1_000 },
      { limit: 3, windowMs: 60_000 },
    ];
    const { ask, clock } = setUp({ requests });
    expect((await ask()).meters).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
    await ask();
    await expect(ask()).rejects.toThrow(/^The limit of 2 requests is reached/);
    clock.advance(2_000);
    // the smallest remaining amount is reported
    expect((await ask()).meters).toMatchObject([{ meter: 'requests', limit: 3, remaining: 0 }]);
    await expect(ask()).rejects.toThrow(/^The limit of 3 requests is reached/);
    clock.advance(2_000);
    await expect(ask()).rejects.toThrow(/^The limit of 3 requests is reached/);
  });

  it('records the cost for leases of hard budgets, except those of end users', async () => {
    const budget = { amount: usd(1), period: 'month' as const };
    const leases = { spent: jest.fn() };
    const service = metering({
      meters: new MemoryMeters(new ManualClock()),
      groups: () => [
        { kind: 'user', name: 'alice', key: 'k', limits: { budget: [budget] } },
        { kind: 'team', name: 'web', limits: { budget: [budget] } },
        { kind: 'tenant', name: 't', limits: { budget: [{ ...budget, soft: true }] } },
      ],
      fallback: new FallbackLimiter({ leases: leases as never }),
    })({ complete: async () => whole });
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    call.context.caller = { tenant: 't', keyName: 'k', limits: { budget: [budget] } };
    await service.complete(call);
    expect(leases.spent.mock.calls.map(([, charge]) => (charge as { subject?: string }).subject)).toEqual([
      undefined,
      '@team:web',
    ]);
  });
});
