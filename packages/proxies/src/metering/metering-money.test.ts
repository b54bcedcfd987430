import { describe, expect, it, jest } from '@jest/globals';
import { defined, type Limits, type LlmCall, LlmError, type LlmReply, ReplyStream, usd } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { MemoryMeters } from '@sluice/store/memory';
import type { Meters } from '@sluice/store/ports';
import { degradedParts } from '../degraded.ts';
import type { Target } from '../routing/model.ts';
import { servedBy } from '../routing/served-by.ts';
import { metering } from './metering.ts';
import { chargedBudgets, exceededBudgets, meterStates } from './quota-results.ts';

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

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

const callOf = (limits: Limits) => {
  const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
  call.context.caller = { tenant: 't', keyName: 'k', limits };
  return call;
};

describe('metering of tokens and money', () => {
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
      metrics: { ...metrics, budgetExceeded: { inc: budgetExceeded } },
    })({
      async complete(call) {
        servedBy.set(call, { provider: 'p', model: 'm', target: 'p/m' });
        return answer(call);
      },
    });
    const ask = async (maxTokens: number) => {
      const call = openAiCall({ model: 'm', max_tokens: maxTokens, messages: [{ role: 'user', content: 'x'.repeat(35) }] });
      call.context.caller = { tenant: 't', keyName: 'k', limits };
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
    call.context.account.replace({ usage, cost: costOf(price, usage) });
    return whole;
  };
  const month = (amount: number): Limits => ({ budget: [{ amount: usd(amount), period: 'month' }] });
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
      { budget: [{ amount: usd(0.23), period: 'month', soft: true }] },
      answered,
    );
    // the budget covers the estimate of the first call, but not of the second
    expect(exceededBudgets.get((await ask(100)).call)).toEqual([]);
    const { call } = await ask(100);
    expect([exceededBudgets.get(call), meterStates.get(call)]).toEqual([['key'], []]);
    expect(budgetExceeded.mock.calls).toEqual([[{ owner: 'key' }]]);
    expect(await budget('2026-11')).toEqual({ spent: 2 * spent, reserved: 0 });
  });

  it('charges nothing for a failed call or a cache hit', async () => {
    let how: 'fail' | 'hit' = 'fail';
    const { ask, budget } = setUpMoney(month(1), (call) => {
      if (how === 'fail') throw new LlmError('upstream_error', 'x');
      call.context.account.replay({ usage, cost: costOf(price, usage) });
      return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };
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
    expect(exceededBudgets.get((await ask(100)).call)).toEqual(['key']);
    await expect(ask(100)).rejects.toThrow(/^The budget of 0.25 USD/);
    for (const period of ['2026-11-30', '2026-11', 'total']) expect(await of(period)).toEqual({ spent: 2 * spent, reserved: 0 });
    // a new day and a new month, but the total budget continues
    clock.advance(DAY);
    await ask(100);
    expect(await of('2026-12-01')).toEqual({ spent, reserved: 0 });
    await expect(ask(100)).rejects.toThrow(/^The budget of 0.27 USD/);
  });

  it('lists the budgets that a call is charged to', async () => {
    const { ask } = setUpMoney({ ...month(1), tokens: [{ limit: 10_000, windowMs: 60_000 }] }, answered);
    expect(chargedBudgets.get((await ask(1)).call)).toEqual([
      { tenant: 't', subject: 'k', period: '2026-11', endsAtMs: Date.UTC(2026, 11, 1), reserved: usd(0.02) },
    ]);
    const { ask: other } = setUpMoney({ tokens: [{ limit: 10_000, windowMs: 60_000 }] }, answered);
    expect(chargedBudgets.get((await other(1)).call)).toEqual([]);
  });

  it('counts actual tokens instead of reserved tokens', async () => {
    const { ask } = setUpMoney({ tokens: [{ limit: 150, windowMs: DAY }] }, answered);
    await ask(100);
    await ask(100);
    // 30 are used: 118 more fit into 150, 138 more do not
    expect(meterStates.get((await ask(100)).call)).toMatchObject([{ meter: 'tokens', limit: 150, remaining: 2 }]);
    await expect(ask(120)).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      message: expect.stringContaining('150 tokens'),
    });
  });

  it('takes from the limits of team and tenant, and names the scope that is exhausted', async () => {
    const meters = new MemoryMeters(new ManualClock());
    const team = { kind: 'team' as const, name: 'web', limits: { requests: [{ limit: 2, windowMs: 60_000 }] } };
    const tenant = { kind: 'tenant' as const, name: 't', limits: { requests: [{ limit: 3, windowMs: 60_000 }] } };
    const rateLimited = { inc: jest.fn() };
    const service = metering({
      meters,
      groups: ({ context }) => (context.caller?.team === undefined ? [tenant] : [team, tenant]),
      metrics: { rateLimited, budgetRejected: { inc: jest.fn() }, budgetExceeded: { inc: jest.fn() } },
    })({ complete: async () => whole });
    const ask = async (keyName: string, of?: string) => {
      const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      const limits = { requests: [{ limit: 10, windowMs: 60_000 }] };
      call.context.caller = { tenant: 't', keyName, limits, ...defined({ team: of }) };
      await service.complete(call);
      return meterStates.get(call);
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
    const soft: Limits = { budget: [{ amount: usd(1), period: 'month', soft: true }] };
    const service = metering({ meters: { ...unused, settle } })({ complete: async (call) => answered(call) });
    const call = callOf(soft);
    await service.complete(call);
    expect(degradedParts.get(call)).toEqual(['budget']);
    await nextTurn();
    expect(settle.mock.calls[0]?.[0]).toMatchObject({
      callId: call.id,
      charges: [{ charge: { kind: 'budget' }, actual: spent }],
    });
    const both = callOf({ ...soft, requests: [{ limit: 5, windowMs: 1_000 }] });
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
