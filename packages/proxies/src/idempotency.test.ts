import { describe, expect, it } from '@jest/globals';
import { type LlmCall, LlmError, type LlmReply, ManualClock, ReplyStream } from '@sluice/core';
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
  const service = idempotency({ calls })({ complete: async (call) => answer(++made, call) });
  let asked = 0;
  const ask = async (key: string | undefined, content = 'x', more: Partial<LlmCall> = {}) => {
    const call = {
      ...openAiCall({ model: 'm', messages: [{ role: 'user', content }] }),
      id: `call-${++asked}`,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...more,
    };
    call.facts.caller = { tenant: 't', keyName: 'k', limits: {} };
    const reply = await service.complete(call);
    return { reply, call };
  };
  const textOf = async (reply: LlmReply): Promise<string> => {
    if (!('stream' in reply)) return Buffer.from(reply.body).toString();
    let text = '';
    for await (const bytes of reply.stream) text += Buffer.from(bytes).toString();
    return text;
  };
  return { clock, calls, ask, textOf, made: () => made };
}

describe('idempotency', () => {
  it('makes a call once, and gives its answer to who asks again, at no cost', async () => {
    const { ask, textOf, made } = setUp((n) => whole(`answer ${n}`));
    expect(await textOf((await ask('a')).reply)).toBe('answer 1');
    const { reply, call } = await ask('a');
    expect(await textOf(reply)).toBe('answer 1');
    expect(reply.headers).toEqual({ 'idempotency-replayed': 'true' });
    expect(call.facts.cost).toBe(0);
    expect(await textOf((await ask('b')).reply)).toBe('answer 2');
    for (let n = 3; n < 5; n++) expect(await textOf((await ask(undefined)).reply)).toBe(`answer ${n}`);
    expect(made()).toBe(4);
  });

  it('lets who asks meanwhile wait for the answer, of a stream too', async () => {
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
    ['is too long to keep', () => whole('x'.repeat(1024 * 1024 + 1))],
    [
      'broke off',
      () => {
        const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
        stream.finish({ end: 'failed', error: new LlmError('upstream_truncated', 'x') });
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      },
    ],
  ])('makes a call again that %s', async (_what, answer) => {
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

  it('waits no longer than its client, and no longer than whoever makes the call may be dead', async () => {
    let finish: (reply: LlmReply) => void = () => {};
    const { ask, clock, made, textOf } = setUp((n) => (n === 1 ? new Promise((resolve) => (finish = resolve)) : whole('second')));
    const first = ask('a');
    const left = new AbortController();
    const waiting = ask('a', 'x', { signal: left.signal });
    left.abort(new LlmError('client_closed', 'gone'));
    await expect(waiting).rejects.toMatchObject({ code: 'client_closed' });
    clock.advance(30_000);
    expect(await textOf((await ask('a')).reply)).toBe('second');
    finish(whole('first'));
    await first;
    // what comes too late is nobody's answer
    expect(await textOf((await ask('a')).reply)).toBe('second');
    expect(made()).toBe(2);
  });

  it('refuses what it cannot tell, for it may have been made', async () => {
    const { calls, ask, made } = setUp(() => whole('x'));
    calls.claim = () => Promise.reject(new Error('away'));
    await expect(ask('a')).rejects.toMatchObject({ code: 'limiter_unavailable', status: 503 });
    expect((await ask(undefined)).reply.status).toBe(200);
    expect(made()).toBe(1);
  });
});
