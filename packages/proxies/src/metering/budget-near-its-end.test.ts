import { describe, expect, it } from '@jest/globals';
import { type LlmCall, LlmError, type LlmReply, seededRandom, systemClock, usd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { MemoryMeters } from '@sluice/store/memory';
import { periodAt } from './budget-period.ts';
import { metering } from './metering.ts';
import { MeteringMemory, type MeteringSettings } from './metering-options.ts';

const price = { input: 1, output: 10 };
const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };
const random = seededRandom(7);

/** A provider with responses of about 100 tokens, within the gateway's limit. */
async function answer(call: LlmCall): Promise<LlmReply> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const outputTokens = Math.min(80 + Math.floor(random.next() * 41), call.outputLimit ?? Number.POSITIVE_INFINITY);
  const usage = { inputTokens: 5, outputTokens };
  call.context.account.replace({ usage, cost: costOf(price, usage) });
  return whole;
}

function setUp(amount: number, settings: MeteringSettings) {
  const meters = new MemoryMeters(systemClock);
  const target = { name: 'p/m', provider: 'p', model: 'm', weight: 1, price, service: { complete: answer } };
  const models = { get: () => ({ name: 'm', strategy: 'priority' as const, targets: [target] }) };
  const memory = new MeteringMemory(systemClock);
  const service = metering({ meters, models, memory, settings })({ complete: answer });
  const limits: number[] = [];
  const ask = async (budget = amount): Promise<string> => {
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    call.context.caller = { tenant: 't', keyName: 'k', limits: { budget: [{ amount: budget, period: 'month' }] } };
    try {
      await service.complete(call);
      limits.push(call.outputLimit ?? 0);
      return 'answered';
    } catch (error) {
      return error instanceof LlmError ? error.code : 'not an LlmError';
    }
  };
  const spent = async () => {
    const { name: period } = periodAt('month', Date.now());
    return meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period });
  };
  return { ask, spent };
}

const ofEach = (outcomes: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(outcomes, (one) => one)].map(([name, of]) => [name, of.length]));

describe('nearly spent budget', () => {
  const affordable = (calls: number) => (costOf(price, { inputTokens: 5, outputTokens: 100 }) ?? 0) * calls;

  it('refuses calls with budget_in_flight while other calls have reserved the rest of the budget', async () => {
    const { ask } = setUp(affordable(100), { waitMs: 0, reserve: 'full' });
    const outcomes = ofEach(await Promise.all(Array.from({ length: 500 }, () => ask())));
    expect(outcomes).toEqual({ answered: 2, budget_in_flight: 498 });
  });

  it('lets calls wait for the reservations of calls in flight', async () => {
    const { ask, spent } = setUp(usd(1), { waitMs: 60_000, reserve: 'full' });
    // 24 calls fit at once
    const outcomes = ofEach(await Promise.all(Array.from({ length: 100 }, () => ask())));
    expect(outcomes).toEqual({ answered: 100 });
    expect((await spent()).reserved).toBe(0);
  });

  it('admits 90 % of the affordable calls with adaptive reservations and never exceeds the budget', async () => {
    const budget = affordable(100);
    const { ask, spent } = setUp(budget, { waitMs: 60_000, reserve: 'adaptive' });
    // twenty responses, as a history, before the budget is nearly spent
    for (let n = 0; n < 20; n++) expect(await ask(usd(10))).toBe('answered');
    const before = (await spent()).spent;
    const outcomes = ofEach(await Promise.all(Array.from({ length: 500 }, () => ask(before + budget))));
    const { spent: after, reserved } = await spent();
    expect(outcomes['answered']).toBeGreaterThanOrEqual(90);
    expect(after).toBeLessThanOrEqual(before + budget);
    expect(reserved).toBe(0);
    expect((outcomes['answered'] ?? 0) + (outcomes['insufficient_quota'] ?? 0)).toBe(500);
  });
});
