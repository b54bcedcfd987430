import { describe, expect, it } from '@jest/globals';
import { type Attempt, CallAccount } from './call-account.ts';

const usage = (inputTokens: number, outputTokens: number) => ({ inputTokens, outputTokens });
const record = (outcome: Attempt['outcome']): Attempt => ({ target: 'p/m', provider: 'p', model: 'm', outcome, latencyMs: 1 });
const reported = { estimated: undefined, unpriced: [] };

describe('CallAccount', () => {
  it('keeps the accrued cost of a winner when the loser of a hedge ends first', () => {
    const account = new CallAccount();
    const loser = account.open({ accrued: () => ({ usage: usage(10, 0), cost: 10 }) });
    account.open({ accrued: () => ({ usage: usage(10, 7), cost: 24 }) });
    loser.charge({ usage: usage(10, 0), cost: 10, estimated: 'broken', unpriced: [] });
    account.close(loser, record('superseded'), 5);
    expect(account.accruedIfEndedNow()).toEqual({ usage: usage(20, 7), cost: 34 });
    expect([account.cost, account.isInFlight, account.estimated]).toEqual([10, true, true]);
  });

  it('sums usage, cost and time of all attempts, and lists those that have ended in the order of their ends', () => {
    const account = new CallAccount();
    const nothing = { accrued: () => ({ usage: undefined, cost: undefined }) };
    const [first, second] = [account.open(nothing), account.open(nothing)];
    second.charge({ usage: usage(3, 4), cost: 7, ...reported });
    account.close(second, record('answered'), 40);
    account.close(first, record('failed'), 60);
    expect([account.attempts, account.usage, account.cost, account.upstreamMs]).toEqual([2, usage(3, 4), 7, 100]);
    expect(account.tried.map(({ outcome }) => outcome)).toEqual(['answered', 'failed']);
    expect([account.estimated, account.usageIssue, account.unpriced]).toEqual([false, undefined, []]);
  });

  it('counts the time until a stream began while it is in flight, and its whole time when it has ended', () => {
    const account = new CallAccount();
    const attempt = account.open({ accrued: () => ({ usage: usage(1, 1), cost: undefined }) });
    attempt.begun(400);
    expect(account.upstreamMs).toBe(400);
    account.close(attempt, record('answered'), 900);
    expect(account.upstreamMs).toBe(900);
  });

  it('charges nothing for an attempt that ended without a charge', () => {
    const account = new CallAccount();
    const attempt = account.open({ accrued: () => ({ usage: usage(5, 5), cost: 10 }) });
    account.close(attempt, record('failed'), 1);
    expect(account.accruedIfEndedNow()).toEqual({ usage: undefined, cost: undefined });
  });
});
