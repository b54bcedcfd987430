import { describe, expect, it } from '@jest/globals';
import { LlmError, type LlmReply, type LlmService, ReplyStream } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryTargetLoads } from '@sluice/store/memory';
import { answer, balancedTargets as setUp, target } from '../../../../test/support/balanced-targets.ts';

describe('Router', () => {
  const dear = target('dear', { price: { input: 10, output: 30 }, expectedLatencyMs: 100 });
  const cheap = target('cheap', { price: { input: 1, output: 2 }, expectedLatencyMs: 400 });
  const unpriced = target('unpriced', { expectedLatencyMs: 200 });

  it('picks the cheapest target by cost, and one without a price last', async () => {
    expect(await setUp([unpriced, dear, cheap], 'cost').spread(5)).toEqual({ cheap: 5 });
    expect(await setUp([unpriced, dear], 'cost').spread(5)).toEqual({ dear: 5 });
  });

  it('picks by the cost of this call instead of the price per token', async () => {
    const reads = target('reads', { price: { input: 1, output: 100 } });
    const writes = target('writes', { price: { input: 10, output: 10 } });
    const { ask } = setUp([reads, writes], 'cost');
    const long = { messages: [{ role: 'user', content: 'x'.repeat(40_000) }] };
    expect((await ask(undefined, {}, { ...long, max_tokens: 10 })).provider).toBe('reads');
    expect((await ask(undefined, {}, { max_tokens: 1_000 })).provider).toBe('writes');
  });

  it('picks the target with the fewest calls in flight over all replicas when balanced', async () => {
    const clock = new ManualClock();
    const store = new MemoryTargetLoads(clock);
    await store.exchange('another', new Map([['one/m', { inFlight: 5, waiting: 0 }]]));
    const { ask, loads } = setUp([target('one'), target('two')], 'balanced', { clock, loadStore: store });
    expect((await ask()).provider).toBe('one');
    await loads.exchange();
    for (let n = 0; n < 3; n++) expect((await ask()).provider).toBe('two');
  });

  it('picks the fastest target by speed: as configured until measurements are available', async () => {
    let advance: (ms: number) => void = () => {};
    const slow: LlmService = {
      async complete() {
        advance(900);
        return answer();
      },
    };
    const targets = [
      target('configured-fast', { expectedLatencyMs: 100, service: slow }),
      target('steady', {
        expectedLatencyMs: 300,
        service: {
          async complete() {
            advance(300);
            return answer();
          },
        },
      }),
    ];
    const { ask, clock } = setUp(targets, 'speed');
    advance = (ms) => clock.advance(ms);
    const picked = [(await ask()).provider, (await ask()).provider, (await ask()).provider];
    expect(picked).toEqual(['configured-fast', 'steady', 'steady']);
    // a target that was slow once is tried again after a while
    clock.advance(600_000);
    await ask();
    expect((await ask()).provider).toBe('configured-fast');
  });

  it('picks the least used target relative to its weight when balanced', async () => {
    const weighted = [target('one'), target('two', { weight: 2 }), target('three', { weight: 3 })];
    expect(await setUp(weighted, 'balanced').spread(60)).toEqual({ one: 10, two: 20, three: 30 });
  });

  it('picks at random in proportion to the weights when weighted', async () => {
    const { one = 0, three = 0 } = await setUp([target('one'), target('three', { weight: 3 })], 'weighted').spread(4_000);
    expect(three / one).toBeGreaterThan(2.7);
    expect(three / one).toBeLessThan(3.3);
  });

  it('picks the first target by priority', async () => {
    expect(await setUp([dear, cheap], 'priority').spread(3)).toEqual({ dear: 3 });
  });

  it("follows the call's preference over the model's strategy", async () => {
    expect(await setUp([dear, cheap], 'priority').spread(3, 'cost')).toEqual({ cheap: 3 });
  });

  it("records the usage and cost of a call in its account and in the provider's figures", async () => {
    const { ask, usage } = setUp([cheap], 'cost');
    const { served, account } = await ask();
    expect(served).toEqual({ provider: 'cheap', model: 'm', target: 'cheap/m' });
    expect(account).toMatchObject({ attempts: 1, cost: 20_000 });
    expect(await usage.current()).toEqual({
      'provider:cheap:calls': 1,
      'provider:cheap:input_tokens': 10,
      'provider:cheap:output_tokens': 5,
      'provider:cheap:cost_nanos': 20_000,
    });
  });

  it('counts a stream when it has ended', async () => {
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    const streamed: LlmReply = { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    const { ask, usage, clock } = setUp(
      [target('p', { price: { input: 1, output: 1 }, service: { complete: async () => streamed } })],
      'cost',
    );
    const { account } = await ask();
    expect(account.cost).toBeUndefined();
    clock.advance(250);
    stream.finish({ end: 'finished', usage: { inputTokens: 1, outputTokens: 2 } });
    await stream.outcome;
    expect(account).toMatchObject({ cost: 3_000, upstreamMs: 250, usage: { inputTokens: 1, outputTokens: 2 } });
    expect(await usage.current()).toMatchObject({ 'provider:p:output_tokens': 2 });
  });

  it("does not count a call that the provider's dialect cannot express as a failure", async () => {
    const error = new LlmError('invalid_request', 'cannot be expressed');
    const { ask, usage, metrics } = setUp([target('p', { service: { complete: () => Promise.reject(error) } })], 'priority');
    await expect(ask()).rejects.toBe(error);
    expect(await usage.current()).toEqual({ 'provider:p:calls': 1 });
    const { values } = await metrics.attempts.get();
    expect(values).toEqual([expect.objectContaining({ labels: { provider: 'p', outcome: 'refused' } })]);
  });

  it('does not count a client disconnect as a failure and charges the prompt', async () => {
    const gone = new LlmError('client_closed', 'gone');
    const leaving = new AbortController();
    const service: LlmService = {
      async complete() {
        leaving.abort(gone);
        throw gone;
      },
    };
    const {
      service: balancing,
      callOf,
      usage,
      metrics,
    } = setUp([target('p', { service, price: { input: 1_000, output: 1_000 } })], 'priority');
    const call = callOf({ signal: leaving.signal });
    await expect(balancing.complete(call)).rejects.toBe(gone);
    const { inputTokens = 0, outputTokens } = call.context.account.usage ?? {};
    expect(inputTokens).toBeGreaterThan(0);
    expect(outputTokens).toBe(0);
    expect(call.context.account).toMatchObject({ estimated: true, cost: inputTokens * 1_000_000 });
    expect(await usage.current()).toMatchObject({ 'provider:p:calls': 1, 'provider:p:input_tokens': inputTokens });
    const { values } = await metrics.attempts.get();
    expect(values).toEqual([expect.objectContaining({ labels: { provider: 'p', outcome: 'cancelled' } })]);
  });

  it('passes an error on and counts it', async () => {
    const failing = target('down', {
      service: { complete: () => Promise.reject(new LlmError('upstream_error', 'down')) },
    });
    const { ask, usage, metrics } = setUp([failing], 'priority', { retries: { max: 0 } });
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_error' });
    expect(await usage.current()).toEqual({ 'provider:down:calls': 1, 'provider:down:errors': 1 });
    const { values } = await metrics.attempts.get();
    expect(values).toEqual([expect.objectContaining({ labels: { provider: 'down', outcome: 'error' }, value: 1 })]);
  });

  it('refuses a model that is not configured', async () => {
    const call = openAiCall({ model: 'other', messages: [{ role: 'user', content: 'x' }] });
    await expect(setUp([cheap], 'cost').service.complete(call)).rejects.toMatchObject({ code: 'model_not_found', status: 404 });
  });
});
