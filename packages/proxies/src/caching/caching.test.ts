import { describe, expect, it, jest } from '@jest/globals';
import { type CacheDirectives, type LlmReply, type LlmService, ReplyStream } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache } from '@sluice/store/memory';
import { degradedParts } from '../degraded.ts';
import { servedBy } from '../routing/served-by.ts';
import { cacheResult } from './cache-result.ts';
import { caching } from './caching.ts';

interface CallOptions {
  readonly content?: string;
  readonly cache?: CacheDirectives;
  readonly tenant?: string;
  readonly optimizeFor?: 'cost' | 'speed';
  readonly more?: object;
}

const callOf = ({ content = 'x', cache = {}, tenant = 't', optimizeFor, more = {} }: CallOptions = {}) => {
  const preferences = { cache, ...(optimizeFor === undefined ? {} : { optimizeFor }) };
  const call = openAiCall({ model: 'm', messages: [{ role: 'user', content }], ...more }, { preferences });
  call.context.caller = { tenant, keyName: 'k', limits: {} };
  return call;
};

/** Counts its calls and puts the count into each response. */
function counting(reply?: () => LlmReply) {
  let calls = 0;
  const service: LlmService = {
    async complete(call) {
      calls++;
      servedBy.set(call, { provider: 'p', model: 'pm', target: 'p/pm' });
      endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
      return reply?.() ?? { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(`{"n":${calls}}`) };
    },
  };
  return { service, calls: () => calls };
}

function setUp(options: { shared?: boolean; maxEntryBytes?: number; reply?: () => LlmReply } = {}) {
  const clock = new ManualClock();
  const upstream = counting(options.reply);
  const service = caching({
    cache: new MemoryCache(clock),
    ttlS: 60,
    clock,
    ...(options.shared === undefined ? {} : { sharedBetweenTenants: options.shared }),
    ...(options.maxEntryBytes === undefined ? {} : { maxEntryBytes: options.maxEntryBytes }),
  })(upstream.service);
  const ask = async (asked: CallOptions = {}, outputLimit?: number) => {
    const call = callOf(asked);
    const reply = await service.complete(outputLimit === undefined ? call : { ...call, outputLimit });
    const text = 'body' in reply ? Buffer.from(reply.body).toString() : '';
    return { call, cache: cacheResult.get(call), text, reply };
  };
  return { clock, ask, calls: upstream.calls };
}

describe('caching', () => {
  it('caches no response that a budget limited', async () => {
    const { ask } = setUp();
    expect((await ask({}, 10)).text).toBe('{"n":1}');
    expect((await ask()).text).toBe('{"n":2}');
    expect((await ask()).text).toBe('{"n":2}');
  });

  it('caches no response without content', async () => {
    const empty = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}'), empty: true } as const;
    const whole = setUp({ reply: () => empty });
    await whole.ask();
    await whole.ask();
    expect(whole.calls()).toBe(2);
    for (const [generated, calls] of [
      [0, 2],
      [1, 1],
    ]) {
      const streamed = setUp({
        reply: () => {
          const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
          stream.push(Buffer.from('data: [DONE]\n\n'));
          stream.finish({ end: 'finished', generated: generated as number });
          return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
        },
      });
      const streamedCall = { more: { stream: true } };
      await streamed.ask(streamedCall);
      // an entry is written after the response
      await new Promise((done) => setImmediate(done));
      await streamed.ask(streamedCall);
      expect(streamed.calls()).toBe(calls);
    }
  });

  it('serves a repeated call from the cache, byte for byte, and reports the saved cost', async () => {
    const { ask, calls, clock } = setUp();
    const first = await ask();
    expect(first.cache.state).toBe('miss');
    clock.advance(10_000);
    const second = await ask();
    expect(second.text).toBe(first.text);
    expect(second.cache).toMatchObject({ state: 'hit', entry: { ageS: 10, ttlS: 50, cost: 700 } });
    expect(servedBy.get(second.call)).toMatchObject({ provider: 'p', model: 'pm' });
    expect(second.call.context.account).toMatchObject({ cost: 0, isReplayed: true });
    expect(calls()).toBe(1);
  });

  it('distinguishes calls by bytes, namespace, preference and operation', async () => {
    const { ask, calls } = setUp();
    const different: CallOptions[] = [
      {},
      { content: 'y' },
      { more: { temperature: 0 } },
      { cache: { namespace: 'a' } },
      { cache: { namespace: 'b' } },
      { optimizeFor: 'cost' },
      { optimizeFor: 'speed' },
    ];
    for (const one of different) expect((await ask(one)).cache.state).toBe('miss');
    expect(calls()).toBe(different.length);
    for (const one of different) expect((await ask(one)).cache.state).toBe('hit');
  });

  it('separates the entries of tenants unless the configuration shares them', async () => {
    const apart = setUp();
    await apart.ask({ tenant: 'a' });
    expect((await apart.ask({ tenant: 'b' })).cache.state).toBe('miss');
    const shared = setUp({ shared: true });
    await shared.ask({ tenant: 'a' });
    expect((await shared.ask({ tenant: 'b' })).cache.state).toBe('hit');
  });

  it('follows the cache directives of a call', async () => {
    const { ask, calls, clock } = setUp();
    await expect(ask({ cache: { onlyIfCached: true } })).rejects.toMatchObject({ code: 'not_cached', status: 504 });
    await ask({ cache: { noStore: true } });
    expect((await ask()).cache.state).toBe('miss');
    expect((await ask({ cache: { onlyIfCached: true } })).cache.state).toBe('hit');
    clock.advance(5_000);
    expect((await ask({ cache: { maxAgeS: 5 } })).cache.state).toBe('hit');
    expect((await ask({ cache: { maxAgeS: 4 } })).cache.state).toBe('miss');
    const fresh = await ask({ cache: { noCache: true } });
    expect(fresh.cache.state).toBe('bypass');
    expect((await ask()).text).toBe(fresh.text);
    expect((await ask({ cache: { noCache: true, noStore: true } })).text).not.toBe((await ask()).text);
    expect(calls()).toBe(5);
  });

  it("expires an entry after its lifetime, or after the call's own ttl", async () => {
    const { ask, clock } = setUp();
    await ask();
    await ask({ content: 'short', cache: { ttlS: 5 } });
    clock.advance(5_000);
    expect((await ask({ content: 'short' })).cache.state).toBe('miss');
    expect((await ask()).cache.state).toBe('hit');
    clock.advance(55_000);
    expect((await ask()).cache.state).toBe('miss');
  });

  it('caches no error and no response that is too long', async () => {
    const refused = setUp({
      reply: () => ({ status: 400, contentType: 'application/json', headers: {}, body: Buffer.from('{}') }),
    });
    await refused.ask();
    expect((await refused.ask()).cache.state).toBe('miss');
    const long = setUp({ maxEntryBytes: 4 });
    await long.ask();
    expect((await long.ask()).cache.state).toBe('miss');
  });

  it.each([
    ['finished', 'hit'],
    ['failed', 'miss'],
    ['cancelled', 'miss'],
  ] as const)('follows a %s stream with a cache %s', async (end, then) => {
    const streamed = (): LlmReply => {
      const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
      stream.push(Buffer.from('data: 1\n\n'));
      stream.push(Buffer.from('data: 2\n\n'));
      stream.finish({ end });
      return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    };
    const { ask } = setUp({ reply: streamed });
    const read = async (reply: LlmReply) => {
      let text = '';
      if ('stream' in reply) for await (const bytes of reply.stream) text += Buffer.from(bytes).toString();
      return text;
    };
    const first = await ask({ more: { stream: true } });
    expect(await read(first.reply)).toBe('data: 1\n\ndata: 2\n\n');
    const second = await ask({ more: { stream: true } });
    expect(second.cache.state).toBe(then);
    expect(await read(second.reply)).toBe('data: 1\n\ndata: 2\n\n');
  });

  it('continues without a failing cache and reports the failure', async () => {
    const health = { success: jest.fn(), failure: jest.fn() };
    const broken = new MemoryCache(new ManualClock());
    for (const method of ['get', 'set'] as const) jest.spyOn(broken, method).mockRejectedValue(new Error('unavailable'));
    const upstream = counting();
    const call = callOf();
    const reply = await caching({ cache: broken, ttlS: 60, health })(upstream.service).complete(call);
    expect(reply.status).toBe(200);
    expect([cacheResult.get(call).state, degradedParts.get(call)]).toEqual(['miss', ['cache']]);
    expect(health.failure).toHaveBeenCalled();
    expect(health.success).not.toHaveBeenCalled();
  });
});
