import { describe, expect, it } from '@jest/globals';
import {
  type CacheDirectives,
  CallAbort,
  defined,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  ReplyStream,
} from '@sluice/core';
import { endedAttempt, ManualClock, waitFor } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache, MemoryIdempotentCalls } from '@sluice/store/memory';
import { cacheResult } from './cache-result.ts';
import { caching } from './caching.ts';
import type { CachingOptions } from './caching-options.ts';
import { Coalescing } from './coalescing.ts';

const whole = (text: string): LlmReply => ({
  status: 200,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(JSON.stringify({ text })),
});

interface Made {
  readonly call: LlmCall;
  answer(reply: LlmReply | LlmError): void;
}

interface AskOptions {
  readonly stream?: boolean;
  readonly deadlineMs?: number;
  readonly outputLimit?: number;
  readonly content?: string;
  readonly cache?: CacheDirectives;
}

/** Replicas with one store. A test answers each call to the provider. */
function open(replicas = 1, more: Partial<CachingOptions> = {}) {
  const clock = new ManualClock(1_700_000_000_000);
  const cache = new MemoryCache(clock);
  const claims = new MemoryIdempotentCalls(clock);
  const made: Made[] = [];
  const upstream: LlmService = {
    complete: (call) =>
      new Promise((resolve, reject) => {
        const abort = () => reject(call.signal.reason);
        call.signal.addEventListener('abort', abort);
        const answer = (reply: LlmReply | LlmError): void => {
          if (reply instanceof LlmError) reject(reply);
          else {
            endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
            resolve(reply);
          }
        };
        made.push({ call, answer });
      }),
  };
  const services = Array.from({ length: replicas }, () =>
    caching({ cache, ttlS: 60, clock, coalesce: true, coalescing: new Coalescing({ claims }), ...more })(upstream),
  );
  const ask = (
    replica = 0,
    { stream = false, deadlineMs, outputLimit, cache: directives = {}, content = 'x' }: AskOptions = {},
  ) => {
    const abort = new CallAbort();
    const body = { model: 'm', messages: [{ role: 'user', content }], stream };
    const call: LlmCall = {
      ...openAiCall(body, { preferences: { cache: directives, tags: {} } }),
      ...{ signal: abort, ...defined({ deadlineMs, outputLimit }) },
    };
    call.context.caller = { tenant: 't', keyName: 'k', limits: {} };
    return { call, abort, reply: (services[replica] as LlmService).complete(call) };
  };
  const calls = (n: number) => waitFor(() => made.length >= n, `${n} calls to the provider`);
  return { ask, made, calls, cache, claims, clock };
}

const textOf = (reply: LlmReply): string => ('body' in reply ? Buffer.from(reply.body).toString() : '');
const fault = new LlmError('upstream_error', 'down');
const closed = new LlmError('client_closed', 'gone');
/** Lets all other work of the process continue. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('coalescing', () => {
  it('makes one call for identical calls at several replicas, and charges it once', async () => {
    const { ask, made, calls } = open(3);
    const asked = Array.from({ length: 30 }, (_, n) => ask(n % 3));
    await calls(1);
    made[0]?.answer(whole('shared'));
    const replies = await Promise.all(asked.map(({ reply }) => reply));
    expect(new Set(replies.map(textOf))).toEqual(new Set(['{"text":"shared"}']));
    expect(made).toHaveLength(1);
    const results = asked.map(({ call }) => ({ ...cacheResult.get(call), cost: call.context.account.cost }));
    expect(results.filter(({ state, cost }) => state === 'miss' && cost === 700)).toHaveLength(1);
    expect(results.filter(({ state, cost, entry }) => state === 'coalesced' && cost === 0 && entry?.cost === 700)).toHaveLength(
      29,
    );
  });

  it('serves a later call from the cache', async () => {
    const { ask, made, calls } = open();
    const first = ask();
    await calls(1);
    made[0]?.answer(whole('a'));
    await first.reply;
    await turn();
    const second = ask();
    await second.reply;
    expect(cacheResult.get(second.call).state).toBe('hit');
  });

  it('does not share different calls', async () => {
    const { ask, made, calls } = open();
    const asked = [ask(0, { content: 'a' }), ask(0, { content: 'b' })];
    await calls(2);
    for (const { answer } of made) answer(whole('x'));
    await Promise.all(asked.map(({ reply }) => reply));
  });

  it('hands over to one follower when the leader fails', async () => {
    const { ask, made, calls } = open(2);
    const asked = Array.from({ length: 10 }, (_, n) => ask(n % 2));
    const ended = Promise.allSettled(asked.map(({ reply }) => reply));
    await calls(1);
    made[0]?.answer(fault);
    await calls(2);
    made[1]?.answer(whole('second'));
    const results = await ended;
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(made).toHaveLength(2);
  });

  it('passes the error of the second leader to the others, who do not try again', async () => {
    const { ask, made, calls } = open();
    const asked = Array.from({ length: 10 }, () => ask());
    const ended = Promise.allSettled(asked.map(({ reply }) => reply));
    await calls(1);
    made[0]?.answer(fault);
    await calls(2);
    made[1]?.answer(fault);
    const results = await ended;
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(made).toHaveLength(2);
  });

  it('continues after its leader has left, and is aborted when the last client leaves', async () => {
    const { ask, made, calls } = open();
    const [leader, follower] = [ask(), ask()];
    await calls(1);
    leader.abort.abort(closed);
    await turn();
    expect(made[0]?.call.signal.aborted).toBe(false);
    follower.abort.abort(closed);
    await expect(follower.reply).rejects.toMatchObject({ code: 'client_closed' });
    expect(made[0]?.call.signal.aborted).toBe(true);
    await expect(leader.reply).rejects.toMatchObject({ code: 'client_closed' });
  });

  it('makes the call again after the replica of the leader has crashed', async () => {
    const { ask, made, calls, claims, clock } = open(2);
    ask(0);
    await calls(1);
    const follower = ask(1);
    await turn();
    // a crashed replica does not renew its lease
    claims.renew = async () => {};
    clock.advance(6_001);
    await calls(2);
    made[1]?.answer(whole('again'));
    expect(textOf(await follower.reply)).toBe('{"text":"again"}');
    expect(made).toHaveLength(2);
  });

  it('makes the call at each replica if the store of the claims fails', async () => {
    const { ask, made, calls, claims } = open(2);
    claims.claim = async () => {
      throw new Error('unavailable');
    };
    const asked = [ask(0), ask(1), ask(0), ask(1)];
    await calls(2);
    for (const { answer } of made) answer(whole('x'));
    await Promise.all(asked.map(({ reply }) => reply));
    expect(made).toHaveLength(2);
  });

  it('does not let a call with a deadline lead others', async () => {
    const { ask, made, calls } = open();
    const hurried = ask(0, { deadlineMs: performance.now() + 60_000 });
    await calls(1);
    const other = ask();
    await calls(2);
    for (const { answer } of made) answer(whole('x'));
    await Promise.all([hurried.reply, other.reply]);
    expect(cacheResult.get(other.call).state).toBe('miss');
  });

  it('shares a stream while it arrives, also with a call that joins later', async () => {
    const { ask, made, calls } = open();
    const leader = ask(0, { stream: true });
    await calls(1);
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    made[0]?.answer({ status: 200, contentType: 'text/event-stream', headers: {}, stream });
    const texts = ['', ''];
    const read = (reply: LlmReply, n: number) => {
      if (!('stream' in reply)) throw new Error('no stream');
      reply.stream.consume({
        chunk: (bytes) => {
          texts[n] += Buffer.from(bytes).toString();
          return true;
        },
        end() {},
      });
      return reply.stream.outcome;
    };
    const first = read(await leader.reply, 0);
    stream.push(Buffer.from('data: 1\n\n'));
    const follower = ask(0, { stream: true });
    const second = read(await follower.reply, 1);
    expect(texts).toEqual(['data: 1\n\n', 'data: 1\n\n']);
    stream.push(Buffer.from('data: 2\n\n'));
    expect(texts).toEqual(['data: 1\n\ndata: 2\n\n', 'data: 1\n\ndata: 2\n\n']);
    stream.finish({ end: 'finished', generated: 2, usage: { inputTokens: 2, outputTokens: 3 } });
    await Promise.all([first, second]);
    expect(cacheResult.get(follower.call)).toMatchObject({ state: 'coalesced', entry: { cost: 700 } });
    expect(follower.call.context.account).toMatchObject({ cost: 0, usage: { outputTokens: 3 } });
  });

  it('makes a call of its own for a client that joins a stream whose beginning is no longer kept', async () => {
    const { ask, made, calls } = open(1, { maxEntryBytes: 8 });
    const leader = ask(0, { stream: true });
    await calls(1);
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    made[0]?.answer({ status: 200, contentType: 'text/event-stream', headers: {}, stream });
    const reply = await leader.reply;
    if (!('stream' in reply)) throw new Error('no stream');
    reply.stream.consume({ chunk: () => true, end() {} });
    stream.push(Buffer.from('data: more than is kept\n\n'));
    const late = ask(0, { stream: true });
    await calls(2);
    made[1]?.answer(whole('own'));
    expect(textOf(await late.reply)).toBe('{"text":"own"}');
    expect(cacheResult.get(late.call).state).toBe('miss');
  });

  it('makes a new call for a client that arrives while an abandoned call is being aborted', async () => {
    const { ask, made, calls } = open();
    for (let n = 0; n < 2; n++) {
      const abandoned = ask();
      const left = expect(abandoned.reply).rejects.toMatchObject({ code: 'client_closed' });
      await calls(n + 1);
      abandoned.abort.abort(closed);
      const next = ask();
      const failed = expect(next.reply).rejects.toMatchObject({ code: 'upstream_error' });
      await calls(n + 2);
      made[n + 1]?.answer(fault);
      await Promise.all([left, failed]);
      made.length = n + 1;
    }
  });

  it('does not let a call that a budget limits lead others', async () => {
    const { ask, made, calls } = open();
    const limited = ask(0, { outputLimit: 10 });
    await calls(1);
    const other = ask();
    await calls(2);
    for (const { answer } of made) answer(whole('x'));
    await Promise.all([limited.reply, other.reply]);
    expect(cacheResult.get(other.call).state).toBe('miss');
  });

  it.each<[what: string, options: Partial<CachingOptions>, ageMs: number, directives: CacheDirectives]>([
    ['has expired', { staleIfErrorS: 3_600 }, 61_000, {}],
    ['is older than the call allows', {}, 30_000, { maxAgeS: 10 }],
  ])('makes the call if the entry in the cache %s', async (_what, options, ageMs, directives) => {
    const { ask, made, calls, clock } = open(1, options);
    const first = ask();
    await calls(1);
    made[0]?.answer(whole('old'));
    await first.reply;
    await turn();
    clock.advance(ageMs);
    const second = ask(0, { cache: directives });
    await calls(2);
    made[1]?.answer(whole('new'));
    expect(textOf(await second.reply)).toBe('{"text":"new"}');
  });
});
