import { describe, expect, it, jest } from '@jest/globals';
import type { CacheDirectives, CacheTerms, LlmCall, LlmService } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache } from '@sluice/store/memory';
import fc from 'fast-check';
import { cacheResult } from './cache-result.ts';
import { caching } from './caching.ts';
import type { NearOptions } from './caching-options.ts';

/** A form that ignores upper case; texts with a `!` have none. */
const normalForm = (text: string) => (text.includes('!') ? undefined : text.toLowerCase());
const NEAR: NearOptions = { mode: 'serve', normalForm, maxTurns: 0, maxTemperature: 0.7, maxCharacters: 500 };

interface Asked {
  readonly body?: object;
  readonly text?: string;
  readonly tenant?: string;
  readonly directives?: CacheDirectives;
  readonly terms?: CacheTerms;
}

function open(near: Partial<NearOptions> = {}) {
  const clock = new ManualClock(1_700_000_000_000);
  const cache = new MemoryCache(clock);
  let calls = 0;
  const upstream: LlmService = {
    async complete(call) {
      calls++;
      endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
      return { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from(`{"n":${calls}}`) };
    },
  };
  const cacheLookups = { inc: jest.fn() };
  const service = caching({ cache, ttlS: 60, clock, near: { ...NEAR, ...near }, metrics: { cacheLookups } })(upstream);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const ask = async ({ body = {}, text = 'Why?', tenant = 't', directives = {}, terms }: Asked = {}) => {
    const request = { model: 'm', messages: [{ role: 'user', content: text }], ...body };
    const call: LlmCall = openAiCall(request, { preferences: { cache: directives, tags: {} } });
    call.context.caller = { tenant, keyName: 'k', limits: {}, ...(terms === undefined ? {} : { cache: terms }) };
    const reply = await service.complete(call);
    await turn();
    return { state: cacheResult.get(call).state, text: 'body' in reply ? Buffer.from(reply.body).toString() : '', call };
  };
  const counted = () =>
    cacheLookups.inc.mock.calls.map(([labels]) => labels).filter((labels) => (labels as { kind: string }).kind === 'near');
  return { ask, counted, cache, clock };
}

describe('the near tier', () => {
  it('serves another wording of a question, at no cost', async () => {
    const { ask, counted } = open();
    const first = await ask();
    const near = await ask({ text: 'WHY?' });
    expect([first.state, near.state, near.text]).toEqual(['miss', 'near', first.text]);
    expect(near.call.context.account).toMatchObject({ cost: 0, isReplayed: true });
    expect(cacheResult.get(near.call).entry).toMatchObject({ cost: 700, ttlS: 60 });
    expect(counted()).toEqual([
      { kind: 'near', result: 'miss' },
      { kind: 'near', result: 'hit' },
    ]);
  });

  it('only counts in shadow, until a key says otherwise', async () => {
    const { ask, counted } = open({ mode: 'shadow' });
    await ask();
    expect((await ask({ text: 'WHY?' })).state).toBe('miss');
    expect(counted()).toEqual([
      { kind: 'near', result: 'would_miss' },
      { kind: 'near', result: 'would_hit' },
    ]);
    expect((await ask({ text: 'wHY?', terms: { near: true } })).state).toBe('near');
  });

  it.each<[string, Asked]>([
    ['a key without it', { terms: { near: false } }],
    ['a call that allows only exact hits', { directives: { mode: 'exact' } }],
    ['a high temperature', { body: { temperature: 0.9 } }],
    ['several choices', { body: { n: 2 } }],
    ['a question without a form', { text: 'WHY!' }],
    ['another tenant', { tenant: 'other' }],
    ['another namespace', { directives: { namespace: 'n' } }],
    ['no-cache', { directives: { noCache: true } }],
  ])('does not serve %s', async (_what, asked) => {
    const { ask } = open();
    const { text: _, ...same } = asked;
    await ask({ ...same, tenant: 't', directives: {}, text: asked.text === undefined ? 'Why?' : 'Why!' });
    expect((await ask({ text: 'WHY?', ...asked })).state).not.toBe('near');
  });

  it('serves no expired entry', async () => {
    const { ask, clock } = open();
    await ask();
    clock.advance(60_001);
    expect((await ask({ text: 'WHY?' })).state).toBe('miss');
  });

  it('makes the call if the entry was removed, and forgets the wording', async () => {
    const { ask, cache } = open();
    await ask();
    for (const { key } of (await cache.list({}, 9)).entries) await cache.remove(key);
    const second = await ask({ text: 'WHY?' });
    expect([second.state, second.text]).toEqual(['miss', '{"n":2}']);
    expect(await ask({ text: 'why?' })).toMatchObject({ state: 'near', text: '{"n":2}' });
  });

  it('remembers the wording if the entry could not be read', async () => {
    const { ask, cache } = open();
    await ask();
    const get = jest.spyOn(cache, 'get');
    // the exact lookup finds nothing, and the entry of the other wording cannot be read
    get.mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('unavailable'));
    expect((await ask({ text: 'WHY?', directives: { noStore: true } })).state).toBe('miss');
    expect((await ask({ text: 'WHY?' })).state).toBe('near');
  });

  it('never serves a request that differs in a value outside the question', async () => {
    const base = {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
      ],
      seed: 1,
    };
    const { ask } = open();
    const { messages: _, ...rest } = base;
    await ask({ body: base });
    const other = fc.oneof(
      fc.record({ seed: fc.integer({ min: 2 }) }),
      fc.record({ [`x_${'unknown'}`]: fc.jsonValue() }),
      fc.record({ tools: fc.array(fc.record({ type: fc.string() }), { minLength: 1 }) }),
      fc.record({ response_format: fc.record({ type: fc.string() }) }),
      fc.record({ user: fc.string() }),
      fc.record({ top_p: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ stop: fc.string() }),
    );
    const prompt = fc.string().filter((text) => text !== 'Be brief.');
    await fc.assert(
      fc.asyncProperty(other, async (more) => {
        const messages = [base.messages[0], { role: 'user', content: 'WHY?' }];
        expect((await ask({ body: { ...rest, messages, ...more }, directives: { noStore: true } })).state).toBe('miss');
      }),
    );
    await fc.assert(
      fc.asyncProperty(prompt, async (content) => {
        const messages = [
          { role: 'system', content },
          { role: 'user', content: 'WHY?' },
        ];
        expect((await ask({ body: { ...rest, messages }, directives: { noStore: true } })).state).toBe('miss');
      }),
    );
    expect((await ask({ body: { ...rest, messages: [base.messages[0], { role: 'user', content: 'WHY?' }] } })).state).toBe(
      'near',
    );
  });
});
