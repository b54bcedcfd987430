import { describe, expect, it, jest } from '@jest/globals';
import { type Limits, type LlmCall, LlmError, type LlmReply, type LlmService, ManualClock, ReplyStream, usd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { MemoryMeters } from '@sluice/store/memory';
import type { Meters, ReservationRequest } from '@sluice/store/ports';
import { estimateCall } from '../call-estimate.ts';
import type { Target } from '../routing/model.ts';
import { periodAt } from './budget-period.ts';
import { metering } from './metering.ts';

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

const callOf = (limits: Limits) => {
  const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
  call.facts.caller = { tenant: 't', keyName: 'k', limits };
  return call;
};

function setUp(limits: Limits, next: LlmService = { complete: async () => whole }) {
  const clock = new ManualClock();
  const meters = new MemoryMeters(clock);
  const service = metering({ meters, clock })(next);
  const ask = async () => {
    const call = callOf(limits);
    const reply = await service.complete(call);
    return { reply, facts: call.facts };
  };
  return { clock, ask };
}

const never = () => Promise.reject(new Error('must not be called'));
const unused: Meters = {
  ...{ reserve: never, release: never, settle: never, renew: never },
  ...{ budget: never, lease: never, raiseToLedger: never },
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
    const service = metering({ meters, clock, metrics: metrics as never })({ complete: async () => whole });
    const ask = () => service.complete(callOf({ requests: { limit: 1, windowMs: 60_000 } }));
    await ask();
    for (let n = 0; n < 5; n++) await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect(reserve).toHaveBeenCalledTimes(2);
    expect(rateLimited.inc).toHaveBeenCalledTimes(5);
    clock.advance(1_000);
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect(reserve).toHaveBeenCalledTimes(3);
  });

  it('admits calls up to the limit and reports the remaining amount', async () => {
    const { ask, clock } = setUp({ requests: { limit: 2, windowMs: 60_000 } });
    expect((await ask()).facts.meters).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
    await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: expect.any(Number) });
    await expect(ask()).rejects.toThrow(/^The limit of 2 requests is reached\. Try again in \d+ s\.$/);
    clock.advance(61_000);
    await ask();
  });

  it('reports limiter_unavailable, not a rate limit, when the store has already released the call', async () => {
    const over = { admitted: false, meter: 'released', full: -1, retryAfterMs: 0, meters: [] } as const;
    const service = metering({ meters: { ...unused, reserve: async () => over } })({ complete: async () => whole });
    const call = callOf({ requests: { limit: 2, windowMs: 60_000 } });
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
    const reserve = jest.fn<Meters['reserve']>();
    const service = metering({ meters: { ...unused, reserve } })({
      complete: async () => whole,
    });
    const call = callOf({});
    await service.complete(call);
    expect(reserve).not.toHaveBeenCalled();
  });

  it.each<[name: string, limits: Limits, code: string]>([
    ['request limits', { requests: { limit: 3, windowMs: 60_000 }, concurrent: 3 }, 'limiter_unavailable'],
    ['a token limit', { tokens: { limit: 30_000, windowMs: 60_000 } }, 'limiter_unavailable'],
    ['a budget', { requests: { limit: 3, windowMs: 60_000 }, budget: { amount: usd(1), period: 'month' } }, 'budget_unavailable'],
  ])(
    'refuses a call with %s when the store does not respond, and releases anything it may still take',
    async (_name, limits, code) => {
      const settle = jest.fn<Meters['settle']>(async () => {});
      const meters: Meters = { ...unused, reserve: () => Promise.reject(new Error('no answer')), settle };
      const health = { works: jest.fn(), failed: jest.fn() };
      const complete = jest.fn<LlmService['complete']>();
      const call = callOf(limits);
      await expect(metering({ meters, health })({ complete }).complete(call)).rejects.toMatchObject({ code, status: 503 });
      expect(complete).not.toHaveBeenCalled();
      expect(health.failed).toHaveBeenCalled();
      expect(settle).toHaveBeenCalledTimes(1);
      const [[settlement]] = settle.mock.calls as [[Parameters<Meters['settle']>[0]]];
      expect(settlement).toMatchObject({ callId: call.id, unreserved: true });
      expect(settlement.holds.map(({ actual }) => actual)).toEqual(settlement.holds.map(() => 0));
      expect(settlement.holds.length).toBe(Object.keys(limits).length);
    },
  );

  it('charges nothing for a call that was refused because the store responded late', async () => {
    const clock = new ManualClock();
    const meters = new MemoryMeters(clock);
    // the reservation is made, but its response is lost
    const late: Meters = {
      ...unused,
      reserve: async (request: ReservationRequest) => Promise.reject(await meters.reserve(request)),
      settle: (settlement) => meters.settle(settlement),
    };
    const limits: Limits = {
      requests: { limit: 20, windowMs: 60_000 },
      tokens: { limit: 30_000, windowMs: 60_000 },
      budget: { amount: usd(1), period: 'month' },
    };
    const proxied = metering({ meters: late, clock })({ complete: async () => whole });
    for (let n = 0; n < 6; n++) await expect(proxied.complete(callOf(limits))).rejects.toMatchObject({ status: 503 });
    const call = callOf(limits);
    await metering({ meters, clock })({ complete: async () => whole }).complete(call);
    expect(call.facts.meters.find(({ meter }) => meter === 'requests')).toMatchObject({ remaining: 19 });
    const { usage } = estimateCall(call, undefined);
    const remaining = 30_000 - usage.inputTokens - usage.outputTokens;
    expect(call.facts.meters.find(({ meter }) => meter === 'tokens')).toMatchObject({ remaining });
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
    expect((await ask()).facts.meters).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
    await ask();
    await expect(ask()).rejects.toThrow(/^The limit of 2 requests is reached/);
    clock.advance(2_000);
    // the smallest remaining amount is reported
    expect((await ask()).facts.meters).toMatchObject([{ meter: 'requests', limit: 3, remaining: 0 }]);
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
        { kind: 'user', name: 'alice', key: 'k', limits: { budget } },
        { kind: 'team', name: 'web', limits: { budget } },
        { kind: 'tenant', name: 't', limits: { budget: { ...budget, soft: true } } },
      ],
      leases: leases as never,
    })({ complete: async () => whole });
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    call.facts.caller = { tenant: 't', keyName: 'k', limits: { budget } };
    await service.complete(call);
    expect(leases.spent.mock.calls.map(([, hold]) => (hold as { subject?: string }).subject)).toEqual([undefined, '@team:web']);
  });

  describe('tokens and money', () => {
    const price = { input: 1_000, output: 2_000 };
    const usage = { inputTokens: 10, outputTokens: 5 };
    const DAY = 86_400_000;

    /** A model with one target and the given responses. */
    function setUpMoney(limits: Limits, answer: (call: LlmCall) => LlmReply | Promise<LlmReply>) {
      const clock = new ManualClock(Date.parse('2026-11-30T23:00:00Z'));
      const meters = new MemoryMeters(clock);
      const target: Target = { name: 'p/m', provider: 'p', model: 'm', weight: 1, price, service: { complete: never } };
      const models = { get: () => ({ name: 'm', strategy: 'priority' as const, targets: [target] }) };
      const budgetExceeded = jest.fn();
      const metrics = { budgetRejected: { inc: jest.fn() }, rateLimited: { inc: jest.fn() } };
      const service = metering({
        meters,
        models,
        clock,
        metrics: { ...metrics, budgetExceeded: { inc: budgetExceeded } } as never,
      })({
        async complete(call) {
          call.facts.target = 'p/m';
          return answer(call);
        },
      });
      const ask = async (maxTokens: number) => {
        const call = openAiCall({ model: 'm', max_tokens: maxTokens, messages: [{ role: 'user', content: 'x'.repeat(35) }] });
        call.facts.caller = { tenant: 't', keyName: 'k', limits };
        const reply = await service.complete(call);
        await nextTurn();
        return { call, reply };
      };
      const budget = async (period: string) => {
        const { spent, reserved } = await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period });
        return { spent, reserved };
      };
      return { clock, ask, budget, budgetExceeded };
    }

    const answered = (call: LlmCall): LlmReply => {
      call.facts.account.replace({ usage, cost: costOf(price, usage) });
      return whole;
    };
    const month = (amount: number): Limits => ({ budget: { amount: usd(amount), period: 'month' } });
    const spent = usd(0.02);

    it('reserves the estimated cost of a call and settles to its actual cost', async () => {
      const seen: unknown[] = [];
      const { ask, budget } = setUpMoney(month(1), async (call) => {
        seen.push(await budget('2026-11'));
        return answered(call);
      });
      await ask(100);
      // a prompt of at most 18 tokens and a response of 100
      expect(seen).toEqual([{ spent: 0, reserved: usd(0.218) }]);
      expect(await budget('2026-11')).toEqual({ spent, reserved: 0 });
    });

    it('refuses a call that exceeds the budget until the month ends', async () => {
      const { ask, budget, clock } = setUpMoney(month(0.25), answered);
      await ask(100);
      const refused = ask(120);
      await expect(refused).rejects.toMatchObject({ code: 'insufficient_quota', status: 429, retryAfterMs: 3_600_000 });
      await expect(refused).rejects.toThrow(/^The budget of 0\.25 USD has 0\.23 USD left, which is less than this call may cost/);
      expect(await budget('2026-11')).toEqual({ spent, reserved: 0 });
      clock.advance(3_600_000);
      await ask(100);
      expect(await budget('2026-12')).toEqual({ spent, reserved: 0 });
    });

    it('counts a soft budget and reports when it is exceeded, but refuses no call', async () => {
      const { ask, budget, budgetExceeded } = setUpMoney(
        { budget: { amount: usd(0.23), period: 'month', soft: true } },
        answered,
      );
      // the budget covers the estimate of the first call, but not of the second
      expect((await ask(100)).call.facts.overBudget).toEqual([]);
      expect((await ask(100)).call.facts).toMatchObject({ overBudget: ['key'], meters: [] });
      expect(budgetExceeded.mock.calls).toEqual([[{ owner: 'key' }]]);
      expect(await budget('2026-11')).toEqual({ spent: 2 * spent, reserved: 0 });
    });

    it('charges nothing for a failed call or a cache hit', async () => {
      let how: 'fail' | 'hit' = 'fail';
      const { ask, budget } = setUpMoney(month(1), (call) => {
        if (how === 'fail') throw new LlmError('upstream_error', 'x');
        call.facts.cache = 'hit';
        return answered(call);
      });
      await expect(ask(100)).rejects.toMatchObject({ code: 'upstream_error' });
      how = 'hit';
      await ask(100);
      await nextTurn();
      expect(await budget('2026-11')).toEqual({ spent: 0, reserved: 0 });
    });

    it('charges a stream when it is over', async () => {
      let stream: ReplyStream | undefined;
      const { ask, budget } = setUpMoney(month(1), () => {
        stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      });
      const { call } = await ask(100);
      expect((await budget('2026-11')).reserved).toBe(usd(0.218));
      answered(call);
      stream?.cancel();
      await nextTurn();
      expect(await budget('2026-11')).toEqual({ spent, reserved: 0 });
    });

    it('enforces several budgets of different periods, hard and soft', async () => {
      const budget = [
        { amount: usd(0.25), period: 'day' as const },
        { amount: usd(0.01), period: 'month' as const, soft: true as const },
        { amount: usd(0.27), period: 'total' as const },
      ];
      const { ask, clock, budget: of } = setUpMoney({ budget }, answered);
      await ask(100);
      expect((await ask(100)).call.facts.overBudget).toEqual(['key']);
      await expect(ask(100)).rejects.toThrow(/^The budget of 0.25 USD/);
      for (const period of ['2026-11-30', '2026-11', 'total'])
        expect(await of(period)).toEqual({ spent: 2 * spent, reserved: 0 });
      // a new day and a new month, but the total budget continues
      clock.advance(DAY);
      await ask(100);
      expect(await of('2026-12-01')).toEqual({ spent, reserved: 0 });
      await expect(ask(100)).rejects.toThrow(/^The budget of 0.27 USD/);
    });

    it('lists the budgets that a call is charged to', async () => {
      const { ask } = setUpMoney({ ...month(1), tokens: { limit: 10_000, windowMs: 60_000 } }, answered);
      expect((await ask(1)).call.facts.charged).toEqual([
        { tenant: 't', subject: 'k', period: '2026-11', endsAtMs: Date.UTC(2026, 11, 1), reserved: usd(0.02) },
      ]);
      const { ask: other } = setUpMoney({ tokens: { limit: 10_000, windowMs: 60_000 } }, answered);
      expect((await other(1)).call.facts.charged).toEqual([]);
    });

    it('counts actual tokens instead of reserved tokens', async () => {
      const { ask } = setUpMoney({ tokens: { limit: 150, windowMs: DAY } }, answered);
      await ask(100);
      await ask(100);
      // 30 are used: 118 more fit into 150, 138 more do not
      expect((await ask(100)).call.facts.meters).toMatchObject([{ meter: 'tokens', limit: 150, remaining: 2 }]);
      await expect(ask(120)).rejects.toMatchObject({
        code: 'rate_limit_exceeded',
        message: expect.stringContaining('150 tokens'),
      });
    });

    it('takes from the limits of team and tenant, and names the scope that is exhausted', async () => {
      const meters = new MemoryMeters(new ManualClock());
      const team = { kind: 'team' as const, name: 'web', limits: { requests: { limit: 2, windowMs: 60_000 } } };
      const tenant = { kind: 'tenant' as const, name: 't', limits: { requests: { limit: 3, windowMs: 60_000 } } };
      const rateLimited = { inc: jest.fn() };
      const service = metering({
        meters,
        groups: ({ facts }) => (facts.caller?.team === undefined ? [tenant] : [team, tenant]),
        metrics: { rateLimited, budgetRejected: { inc: jest.fn() } } as never,
      })({ complete: async () => whole });
      const ask = async (keyName: string, of?: string) => {
        const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
        const limits = { requests: { limit: 10, windowMs: 60_000 } };
        call.facts.caller = { tenant: 't', keyName, limits, ...(of === undefined ? {} : { team: of }) };
        await service.complete(call);
        return call.facts.meters;
      };
      // the smallest of all three remaining amounts is reported to the client
      expect(await ask('a', 'web')).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
      await ask('b', 'web');
      await expect(ask('a', 'web')).rejects.toThrow(/^The limit of the team web of 2 requests is reached/);
      expect(rateLimited.inc).toHaveBeenLastCalledWith({ meter: 'team_requests' });
      await ask('c');
      await expect(ask('c')).rejects.toThrow(/^The limit of the tenant t of 3 requests is reached/);
    });

    it('serves a call with only soft budgets while the store is unavailable, and settles it later', async () => {
      const settle = jest.fn<Meters['settle']>(async () => {});
      const soft: Limits = { budget: { amount: usd(1), period: 'month', soft: true } };
      const service = metering({ meters: { ...unused, settle } })({ complete: async (call) => answered(call) });
      const call = callOf(soft);
      await service.complete(call);
      expect(call.facts.degraded).toEqual(['budget']);
      await nextTurn();
      expect(settle.mock.calls[0]?.[0]).toMatchObject({ callId: call.id, holds: [{ hold: { kind: 'budget' }, actual: spent }] });
      const both = callOf({ ...soft, requests: { limit: 5, windowMs: 1_000 } });
      const mixed = metering({ meters: { ...unused, release: async () => {} } })({ complete: never });
      await expect(mixed.complete(both)).rejects.toMatchObject({ status: 503 });
    });

    it('refuses a call with a hard budget while the store is unavailable', async () => {
      const meters: Meters = { ...unused, release: async () => {} };
      const call = callOf(month(1));
      await expect(metering({ meters })({ complete: never }).complete(call)).rejects.toMatchObject({
        code: 'budget_unavailable',
        status: 503,
      });
    });
  });
});
