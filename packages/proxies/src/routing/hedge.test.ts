import { describe, expect, it } from '@jest/globals';
import {
  asLlmError,
  type CallSignal,
  type LlmCall,
  type LlmReply,
  type LlmService,
  ReplyStream,
  unreadableMessage,
} from '@sluice/core';
import { byLength } from '@sluice/dialects';
import { answer, scripted, balancedTargets as setUp, target } from '../../../../test/support/balanced-targets.ts';
import { estimateCall, promptTokens } from '../call-estimate.ts';

describe('hedging', () => {
  const later = (ms: number, reply: () => LlmReply = answer) => ({
    calls: 0,
    aborted: 0,
    complete(call: { signal: CallSignal }): Promise<LlmReply> {
      this.calls++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve(reply()), ms);
        call.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          this.aborted++;
          reject(call.signal.reason);
        });
      });
    },
  });

  it('calls a second target after the delay, returns the faster response, aborts the other and charges its prompt', async () => {
    const slow = later(60_000);
    const price = { input: 1_000, output: 1_000 };
    const { ask, metrics, usage } = setUp([target('slow', { service: slow, price }), target('quick', { price })], 'priority', {
      hedgeAfter: 5,
    });
    const { provider, account } = await ask();
    expect(provider).toBe('quick');
    expect(slow.aborted).toBe(1);
    expect((await metrics.hedges.get()).values).toEqual([
      expect.objectContaining({ labels: { provider: 'slow', outcome: 'won' }, value: 1 }),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(account.tried.map(({ target: of, outcome }) => [of, outcome])).toEqual([
      ['quick/m', 'answered'],
      ['slow/m', 'superseded'],
    ]);
    const { inputTokens = 0 } = account.usage ?? {};
    expect(inputTokens).toBeGreaterThan(10);
    expect(account.cost).toBe((inputTokens + 5) * 1_000_000);
    expect(await usage.current()).toMatchObject({ 'provider:slow:input_tokens': inputTokens - 10 });
  });

  it('keeps the request of an attempt when a concurrent attempt rewrites its own', async () => {
    const rewritten = { ...unreadableMessage(new Error('not read')), bytes: Buffer.from('rewritten') };
    const seen: Record<string, LlmCall> = {};
    const rewriting: LlmService = {
      async complete(call) {
        call.message = rewritten;
        call.sent = Buffer.from('sent');
        seen['rewriting'] = call;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return answer();
      },
    };
    const reading: LlmService = {
      complete(call) {
        seen['reading'] = call;
        return new Promise((_, reject) =>
          call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true }),
        );
      },
    };
    const targets = [target('one', { service: rewriting }), target('two', { service: reading })];
    const { service, callOf } = setUp(targets, 'priority', { hedgeAfter: 5 });
    const call = callOf();
    const { message } = call;
    await service.complete(call);
    expect([seen['rewriting']?.message, seen['reading']?.message, call.message]).toEqual([rewritten, message, message]);
    expect([seen['reading']?.sent, call.sent]).toEqual([undefined, undefined]);
    expect(seen['reading']?.context).toBe(call.context);
  });

  it('calls no second target when the first responds in time or has no latency samples', async () => {
    const two = scripted(answer());
    const targets = [target('one', { service: later(1) }), target('two', { service: two })];
    expect((await setUp(targets, 'priority', { hedgeAfter: 5_000 }).ask()).provider).toBe('one');
    expect((await setUp(targets, 'priority', { hedgeAfter: 'p95' }).ask()).provider).toBe('one');
    expect(two.calls).toBe(0);
  });

  it("returns the first target's response when it beats the hedge", async () => {
    const two = later(60_000);
    const targets = [target('one', { service: later(30) }), target('two', { service: two })];
    expect((await setUp(targets, 'priority', { hedgeAfter: 5 }).ask()).provider).toBe('one');
    expect([two.calls, two.aborted]).toEqual([1, 1]);
  });

  it("accrues both prompts and the winner's tokens while a hedged stream is in flight", async () => {
    const stream = new ReplyStream({
      pause() {},
      resume() {},
      cancel: () => ({ generated: 7 }),
      progress: () => ({ generated: 7 }),
    });
    const silent: LlmService = {
      complete: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(asLlmError(signal.reason)), { once: true })),
    };
    const streaming = scripted({ status: 200, contentType: 'text/event-stream', headers: {}, stream });
    const price = { input: 1_000, output: 2_000 };
    const targets = [target('one', { service: silent, price }), target('two', { service: streaming, price })];
    const { service, callOf } = setUp(targets, 'priority', { hedgeAfter: 5 });
    const call = callOf({}, { stream: true });
    await service.complete(call);
    const { inputTokens } = estimateCall(call, undefined).usage;
    const prompt = promptTokens(call, byLength);
    expect(prompt).toBeLessThanOrEqual(inputTokens);
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.context.account.accruedIfEndedNow()).toEqual({
      usage: { inputTokens: 2 * prompt, outputTokens: 7 },
      cost: (2 * prompt + 2 * 7) * 1_000_000,
    });
    stream.finish({ end: 'finished', usage: { inputTokens: 9, outputTokens: 8 } });
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.context.account.accruedIfEndedNow().usage).toEqual({ inputTokens: prompt + 9, outputTokens: 8 });
    expect(call.context.account.isInFlight).toBe(false);
  });
});
