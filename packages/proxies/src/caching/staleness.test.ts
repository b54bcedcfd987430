import { describe, expect, it, jest } from '@jest/globals';
import { type CacheDirectives, type LlmCall, LlmError, type LlmReply, type LlmService } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache } from '@sluice/store/memory';
import { cacheResult } from './cache-result.ts';
import { caching } from './caching.ts';
import { repeatedCall } from './repeated-call.ts';

function open(settings: { staleWhileRevalidateS?: number; staleIfErrorS?: number } = {}) {
  const clock = new ManualClock(1_700_000_000_000);
  let calls = 0;
  let fault: LlmError | undefined;
  const upstream: LlmService = {
    async complete(call) {
      calls++;
      if (fault !== undefined) throw fault;
      endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
      return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(`{"n":${calls}}`) };
    },
  };
  const revalidate = jest.fn((call: LlmCall): Promise<LlmReply> => {
    const again = repeatedCall(call);
    again.context.caller = call.context.caller;
    return service.complete(again);
  });
  const service: LlmService = caching({ cache: new MemoryCache(clock), ttlS: 60, clock, revalidate, ...settings })(upstream);
  const ask = async (cache: CacheDirectives = {}, tenant = 't') => {
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] }, { preferences: { cache, tags: {} } });
    call.context.caller = { tenant, keyName: 'k', limits: {} };
    const reply = await service.complete(call);
    await new Promise((resolve) => setImmediate(resolve));
    return { ...cacheResult.get(call), text: 'body' in reply ? Buffer.from(reply.body).toString() : '' };
  };
  const fail = (error: LlmError | undefined) => {
    fault = error;
  };
  return { ask, fail, clock, revalidate, calls: () => calls };
}

const down = new LlmError('upstream_error', 'down');

describe('stale-while-revalidate', () => {
  it('serves an expired entry, and replaces it by one call in the background', async () => {
    const { ask, clock, revalidate } = open({ staleWhileRevalidateS: 30 });
    await ask();
    clock.advance(70_000);
    const stale = await Promise.all([ask(), ask(), ask()]);
    for (const one of stale)
      expect(one).toMatchObject({ state: 'hit', text: '{"n":1}', entry: { ttlS: 0, stale: 'while-revalidate' } });
    expect(revalidate).toHaveBeenCalledTimes(1);
    expect(await ask()).toMatchObject({ text: '{"n":2}', entry: { ttlS: 60, stale: undefined } });
  });

  it('replaces the entries of two tenants independently', async () => {
    const { ask, clock, revalidate } = open({ staleWhileRevalidateS: 30 });
    for (const tenant of ['a', 'b']) await ask({}, tenant);
    clock.advance(70_000);
    await Promise.all(['a', 'b'].map((tenant) => ask({}, tenant)));
    expect(revalidate.mock.calls.map(([call]) => call.context.caller?.tenant)).toEqual(['a', 'b']);
  });

  it('does not ask a provider that is down at each stale response', async () => {
    const { ask, clock, fail, revalidate } = open({ staleWhileRevalidateS: 30 });
    await ask();
    clock.advance(70_000);
    fail(down);
    for (let n = 0; n < 5; n++) expect(await ask()).toMatchObject({ state: 'hit', text: '{"n":1}' });
    expect(revalidate).toHaveBeenCalledTimes(1);
  });

  it('makes the call if its response must not be stored', async () => {
    const { ask, clock, revalidate } = open({ staleWhileRevalidateS: 30 });
    await ask();
    clock.advance(70_000);
    expect(await ask({ noStore: true })).toMatchObject({ state: 'miss', text: '{"n":2}' });
    expect(revalidate).not.toHaveBeenCalled();
  });

  it('follows the directive of a call', async () => {
    const { ask, clock } = open();
    await ask({ staleWhileRevalidateS: 30 });
    clock.advance(70_000);
    expect((await ask()).state).toBe('miss');
  });

  it.each<[string, number, CacheDirectives]>([
    ['after its time', 91_000, {}],
    ['for a call with max-age', 70_000, { maxAgeS: 1_000 }],
  ])('does not serve an expired entry %s', async (_what, ms, directives) => {
    const { ask, clock } = open({ staleWhileRevalidateS: 30 });
    await ask();
    clock.advance(ms);
    expect((await ask(directives)).state).toBe('miss');
  });
});

describe('stale-if-error', () => {
  it('serves an expired entry if no provider could answer', async () => {
    const { ask, clock, fail } = open({ staleIfErrorS: 300 });
    await ask();
    clock.advance(70_000);
    fail(down);
    expect(await ask()).toMatchObject({ state: 'hit', text: '{"n":1}', entry: { stale: 'if-error' } });
    fail(undefined);
    expect(await ask()).toMatchObject({ state: 'miss' });
  });

  it.each<[string, number, LlmError]>([
    ['after its time', 361_000, down],
    ['if the request is refused', 70_000, new LlmError('invalid_request', 'wrong')],
  ])('passes the error on %s', async (_what, ms, error) => {
    const { ask, clock, fail } = open({ staleIfErrorS: 300 });
    await ask();
    clock.advance(ms);
    fail(error);
    await expect(ask()).rejects.toBe(error);
  });
});
