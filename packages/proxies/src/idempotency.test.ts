import { describe, expect, it, jest } from '@jest/globals';
import { type LlmCall, LlmError, type LlmReply, ReplyStream } from '@sluice/core';
import { ManualClock, waitFor } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryIdempotentCalls } from '@sluice/store/memory';
import { idempotency } from './idempotency.ts';

const whole = (text: string): LlmReply => ({
  status: 200,
  contentType: 'application/json',
  headers: { 'x-from': 'provider' },
  body: Buffer.from(text),
});

function setUp(answer: (n: number, call: LlmCall) => LlmReply | Promise<LlmReply>) {
  const clock = new ManualClock(1_700_000_000_000);
  const calls = new MemoryIdempotentCalls(clock);
  let made = 0;
  const countRequest = jest.fn(async (_call: LlmCall): Promise<void> => {});
  const replica = () => idempotency({ calls, countRequest })({ complete: async (call) => answer(++made, call) });
  const service = replica();
  const elsewhere = replica();
  let asked = 0;
  const ask = async (key: string | undefined, content = 'x', more: Partial<LlmCall> = {}, by = service) => {
    const call = {
      ...openAiCall({ model: 'm', messages: [{ role: 'user', content }] }),
      id: `call-${++asked}`,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...more,
    };
    call.context.caller = { tenant: 't', keyName: 'k', limits: {} };
    const reply = await by.complete(call);
    return { reply, call };
  };
  const textOf = async (reply: LlmReply): Promise<string> => {
    if (!('stream' in reply)) return Buffer.from(reply.body).toString();
    let text = '';
    for await (const bytes of reply.stream) text += Buffer.from(bytes).toString();
    return text;
  };
  return { clock, calls, ask, textOf, elsewhere, countRequest, made: () => made };
}

describe('idempotency', () => {
  it('makes a call once and replays its response to a repeated call at no cost', async () => {
    const { ask, textOf, made } = setUp((n) => whole(`answer ${n}`));
    expect(await textOf((await ask('a')).reply)).toBe('answer 1');
    const { reply, call } = await ask('a');
    expect(await textOf(reply)).toBe('answer 1');
    expect(reply.headers).toEqual({ 'idempotency-replayed': 'true' });
    expect(call.context.account.cost).toBe(0);
    expect(await textOf((await ask('b')).reply)).toBe('answer 2');
    for (let n = 3; n < 5; n++) expect(await textOf((await ask(undefined)).reply)).toBe(`answer ${n}`);
    expect(made()).toBe(4);
  });

  it('lets a concurrent repeated call wait for the response, also of a stream', async () => {
    const streams: ReplyStream[] = [];
    const { ask, textOf, made } = setUp(() => {
      const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
      streams.push(stream);
      return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    });
    const first = ask('a');
    const second = ask('a');
    const { reply } = await first;
    const reading = textOf(reply);
    for (const text of ['one ', 'two']) streams[0]?.push(Buffer.from(text));
    streams[0]?.finish({ end: 'finished' });
    expect(await reading).toBe('one two');
    expect(await textOf((await second).reply)).toBe('one two');
    expect(made()).toBe(1);
  });

  it.each<[what: string, answer: () => LlmReply]>([
    [
      'failed',
      () => {
        throw new LlmError('upstream_error', 'x');
      },
    ],
    ['was refused by the provider', () => ({ ...whole('no'), status: 429 })],
    ['was too long to store', () => whole('x'.repeat(1024 * 1024 + 1))],
    [
      'broke off',
      () => {
        const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
        stream.finish({ end: 'failed', error: new LlmError('upstream_truncated', 'x') });
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      },
    ],
  ])('makes a call again when the first response %s', async (_what, answer) => {
    const { ask, made, textOf } = setUp((n) => (n === 1 ? answer() : whole('good')));
    await ask('a').catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(await textOf((await ask('a')).reply)).toBe('good');
    expect(made()).toBe(2);
  });

  it('refuses a key that was used for another request', async () => {
    const { ask, made } = setUp((n) => whole(`${n}`));
    await ask('a', 'one');
    await expect(ask('a', 'another')).rejects.toMatchObject({ code: 'invalid_request', param: 'idempotency-key' });
    expect(made()).toBe(1);
  });

  it('stops waiting when its client disconnects or the replica that makes the call has crashed', async () => {
    let finish: (reply: LlmReply) => void = () => {};
    const { ask, clock, elsewhere, made, textOf } = setUp((n) =>
      n === 1 ? new Promise((resolve) => (finish = resolve)) : whole('second'),
    );
    const first = ask('a');
    for (const by of [undefined, elsewhere]) {
      const disconnected = new AbortController();
      const waiting = ask('a', 'x', { signal: disconnected.signal }, by);
      disconnected.abort(new LlmError('client_closed', 'gone'));
      await expect(waiting).rejects.toMatchObject({ code: 'client_closed' });
    }
    clock.advance(30_000);
    expect(await textOf((await ask('a', 'x', {}, elsewhere)).reply)).toBe('second');
    finish(whole('first'));
    await first;
    // a response that arrives after the lease is not stored
    expect(await textOf((await ask('a')).reply)).toBe('second');
    expect(made()).toBe(2);
  });

  it('uses the store once for many repeated calls of a replica and gives all of them the response', async () => {
    let finish: (reply: LlmReply) => void = () => {};
    const { ask, calls, elsewhere, made, textOf } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const claim = jest.spyOn(calls, 'claim');
    const first = ask('a');
    const here = Array.from({ length: 50 }, () => ask('a'));
    const there = Array.from({ length: 50 }, () => ask('a', 'x', {}, elsewhere));
    await waitFor(() => claim.mock.calls.length >= 3, 'the claims');
    // any further claim would follow within these turns of the event loop
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    // one claim by the maker; two by the first follower of the other replica, before and after it subscribes
    expect(claim).toHaveBeenCalledTimes(3);
    finish(whole('answer'));
    for (const { reply } of await Promise.all([first, ...here, ...there])) expect(await textOf(reply)).toBe('answer');
    expect(claim).toHaveBeenCalledTimes(4);
    expect(made()).toBe(1);
  });

  it('counts each repeated call as a request and refuses it when the limit is reached', async () => {
    let finish: (reply: LlmReply) => void = () => {};
    const { ask, countRequest, elsewhere, made } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const first = ask('a');
    const second = ask('a');
    const third = ask('a', 'x', {}, elsewhere);
    await new Promise((resolve) => setImmediate(resolve));
    expect(countRequest).toHaveBeenCalledTimes(2);
    countRequest.mockRejectedValueOnce(new LlmError('rate_limit_exceeded', 'full'));
    await expect(ask('a')).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    finish(whole('answer'));
    await Promise.all([first, second, third]);
    await ask('a');
    expect(countRequest).toHaveBeenCalledTimes(4);
    expect(made()).toBe(1);
  });

  it('lets one of the waiting calls make the call when the first response was an error', async () => {
    const { ask, made, textOf, elsewhere } = setUp(async (n) => {
      await new Promise((resolve) => setImmediate(resolve));
      return n === 1 ? { ...whole('no'), status: 500 } : whole(`answer ${n}`);
    });
    const waiting = [ask('a'), ask('a'), ask('a'), ask('a', 'x', {}, elsewhere)];
    const texts = await Promise.all(waiting.map(async (one) => textOf((await one).reply)));
    expect(texts.toSorted()).toEqual(['answer 2', 'answer 2', 'answer 2', 'no']);
    expect(made()).toBe(2);
  });

  it('refuses a call with a key when the store fails, because it may have been made', async () => {
    const { calls, ask, made } = setUp(() => whole('x'));
    calls.claim = () => Promise.reject(new Error('unavailable'));
    await expect(ask('a')).rejects.toMatchObject({ code: 'limiter_unavailable', status: 503 });
    expect((await ask(undefined)).reply.status).toBe(200);
    expect(made()).toBe(1);
  });
});
