import { describe, expect, it } from '@jest/globals';
import { type Failure, LlmError, type LlmReply } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { answer, scripted, balancedTargets as setUp, target } from '../../../../test/support/balanced-targets.ts';

const failing = (failure: Failure, code: 'upstream_error' | 'upstream_timeout' = 'upstream_error'): LlmError =>
  new LlmError(code, `failed: ${failure.kind}`, { failure });

const DOWN = failing({ kind: 'server_error', status: 503 });
const refusal = (status: number, failure: Omit<Failure, 'status'>): LlmReply => ({
  status,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(`{"error":"${failure.kind}"}`),
  failure: { ...failure, status },
});
const LIMITED = refusal(429, { kind: 'rate_limited', retryAfterMs: 20 });

describe('failover', () => {
  it('tries the next target at once after a failure, records both and charges only the success', async () => {
    const one = scripted(DOWN);
    const { ask, usage } = setUp([target('one', { service: one }), target('two')], 'priority');
    const { account, provider } = await ask();
    expect(provider).toBe('two');
    expect(account.attempts).toBe(2);
    expect(account.usage).toEqual({ inputTokens: 10, outputTokens: 5 });
    expect(account.tried).toEqual([
      { target: 'one/m', provider: 'one', model: 'm', outcome: 'failed', reason: 'server_error', status: 503, latencyMs: 0 },
      { target: 'two/m', provider: 'two', model: 'm', outcome: 'answered', latencyMs: 0 },
    ]);
    expect(one.calls).toBe(1);
    expect(await usage.current()).toMatchObject({ 'provider:one:errors': 1, 'provider:two:calls': 1 });
  });

  it("makes each attempt with the client's request when an earlier attempt has rewritten it", async () => {
    const bytes: string[] = [];
    const rewriting = scripted(DOWN);
    const target1 = target('one', {
      service: {
        complete(call) {
          bytes.push(Buffer.from(call.message.bytes).toString());
          call.message = { ...call.message, bytes: Buffer.from('rewritten') };
          return rewriting.complete(call);
        },
      },
    });
    const target2 = target('two', {
      service: {
        async complete(call) {
          bytes.push(Buffer.from(call.message.bytes).toString());
          return answer();
        },
      },
    });
    expect((await setUp([target1, target2], 'priority').ask()).provider).toBe('two');
    expect(bytes[1]).toBe(bytes[0]);
  });

  it.each(['connect_error', 'timeout', 'server_error', 'auth'] as const)(
    'fails over to the next target after the failure kind %s',
    async (kind) => {
      const { ask } = setUp([target('one', { service: scripted(failing({ kind })) }), target('two')], 'priority');
      expect((await ask()).provider).toBe('two');
    },
  );

  it.each([
    ['the request is invalid', refusal(400, { kind: 'invalid_request' })],
    ['the content is refused', refusal(400, { kind: 'content_refused' })],
    ['the prompt is too long', refusal(400, { kind: 'context_length' })],
  ])("returns the provider's refusal without failover when %s", async (_why, refused) => {
    const two = scripted(answer());
    const { ask } = setUp([target('one', { service: scripted(refused) }), target('two', { service: two })], 'priority');
    const { reply, account } = await ask();
    expect(reply).toBe(refused);
    expect([two.calls, account.attempts]).toEqual([0, 1]);
  });

  it('fails over only for the reasons in fallbackOn', async () => {
    const refused = refusal(400, { kind: 'context_length' });
    const more = { fallbackOn: ['context_length'] as const };
    const long = setUp([target('one', { service: scripted(refused) }), target('two')], 'priority', more);
    expect((await long.ask()).provider).toBe('two');
    const down = setUp([target('one', { service: scripted(DOWN) }), target('two')], 'priority', more);
    await expect(down.ask()).rejects.toBe(DOWN);
  });

  it('falls back to other models in order and counts the reason', async () => {
    const fallback = (name: string, service = scripted(answer())) => ({
      name,
      strategy: 'priority' as const,
      targets: [target(name, { service })],
    });
    const { ask, metrics } = setUp([target('one', { service: scripted(failing({ kind: 'timeout' })) })], 'priority', {
      fallback: [fallback('second', scripted(failing({ kind: 'timeout' }))), fallback('third')],
    });
    const { served, account } = await ask();
    expect([served?.provider, served?.target, account.attempts]).toEqual(['third', 'third/m', 3]);
    expect((await metrics.fallbacks.get()).values).toEqual([
      expect.objectContaining({ labels: { model: 'ours', reason: 'error' }, value: 2 }),
    ]);
  });

  it('returns the last failure when all targets fail', async () => {
    const last = failing({ kind: 'timeout' }, 'upstream_timeout');
    const { ask } = setUp(
      [target('one', { service: scripted(failing({ kind: 'timeout' })) }), target('two', { service: scripted(last) })],
      'priority',
    );
    await expect(ask()).rejects.toBe(last);
  });
});

describe('retries of the same target', () => {
  it('retries a target up to two times when the failure may be transient', async () => {
    const one = scripted(DOWN, DOWN, answer());
    const { ask, metrics } = setUp([target('one', { service: one })], 'priority');
    expect((await ask()).account.attempts).toBe(3);
    expect((await metrics.retries.get()).values).toEqual([expect.objectContaining({ labels: { provider: 'one' }, value: 2 })]);
    const never = scripted(DOWN);
    await expect(setUp([target('one', { service: never })], 'priority').ask()).rejects.toBe(DOWN);
    expect(never.calls).toBe(3);
  });

  it.each(['timeout', 'auth'] as const)('does not retry a target after the failure kind %s', async (kind) => {
    const one = scripted(failing({ kind }));
    await expect(setUp([target('one', { service: one })], 'priority').ask()).rejects.toBeInstanceOf(LlmError);
    expect(one.calls).toBe(1);
  });

  it("follows the provider's shouldRetry hint", async () => {
    const hinting = (status: number, shouldRetry: boolean) =>
      scripted(refusal(status, { kind: 'invalid_request', shouldRetry }), answer());
    const again = hinting(409, true);
    expect((await setUp([target('one', { service: again })], 'priority').ask()).reply.status).toBe(200);
    const not = scripted(failing({ kind: 'server_error', status: 500, shouldRetry: false }));
    await expect(setUp([target('one', { service: not })], 'priority').ask()).rejects.toBeInstanceOf(LlmError);
    expect([again.calls, not.calls]).toEqual([2, 1]);
  });

  it("does not retry past the call's own deadline", async () => {
    const one = scripted(DOWN);
    const { service, callOf, clock } = setUp([target('one', { service: one })], 'priority', {
      retries: { initialMs: 10_000, maxMs: 10_000 },
    });
    await expect(service.complete(callOf({ deadlineMs: clock.monotonic() + 20 }))).rejects.toBe(DOWN);
    expect(one.calls).toBe(1);
  });

  it('adds 10 % of calls by retries during an outage', async () => {
    const one = scripted(DOWN);
    const { ask, breakers } = setUp([target('one', { service: one })], 'priority', {
      retries: { budget: { share: 0.1, floorPerS: 0 } },
    });
    // disable the breaker, which would stop the calls sooner
    breakers.failed = () => {};
    for (let n = 0; n < 200; n++) await ask().catch(() => {});
    expect(one.calls).toBe(220);
  });
});

describe('cooldown of a rate-limited target', () => {
  it('skips a rate-limited target for all calls until its cooldown ends', async () => {
    const one = scripted(LIMITED, answer());
    const { ask, clock } = setUp([target('one', { service: one }), target('two')], 'priority');
    expect((await ask()).provider).toBe('two');
    expect((await ask()).provider).toBe('two');
    expect(one.calls).toBe(1);
    clock.advance(20);
    expect((await ask()).provider).toBe('one');
  });

  it('waits for a short cooldown, but not for a long one, when there is no other target', async () => {
    const clock = new ManualClock();
    const one = scripted(LIMITED, answer());
    const { ask } = setUp([target('one', { service: one })], 'priority', { clock });
    // the wait uses real time, the remaining cooldown uses the manual clock: advance it while the call waits
    const asked = ask();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(20);
    expect((await asked).reply.status).toBe(200);
    const patient = refusal(429, { kind: 'rate_limited', retryAfterMs: 60_000 });
    const { reply } = await setUp([target('one', { service: scripted(patient) })], 'priority').ask();
    expect(reply).toBe(patient);
  });

  it('returns the remaining cooldown without calling the rate-limited target', async () => {
    const one = scripted(refusal(429, { kind: 'rate_limited', retryAfterMs: 30_000 }));
    const { ask, clock } = setUp([target('one', { service: one })], 'priority');
    await ask();
    clock.advance(20_000);
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: 10_000 });
    expect(one.calls).toBe(1);
  });

  describe('cooldown longer than 30 s', () => {
    const ofKey = (keyName: string) => ({ tenant: 't', keyName, limits: {} });
    const begin = () => {
      const one = scripted(refusal(429, { kind: 'rate_limited', retryAfterMs: 300_000 }), answer());
      const { clock, service, callOf } = setUp([target('one', { service: one })], 'priority');
      const ask = async (keyName: string) => {
        const call = callOf();
        call.context.caller = ofKey(keyName);
        return service.complete(call).then(
          ({ status }) => status,
          (error: LlmError) => error.code,
        );
      };
      return { one, clock, ask };
    };

    it('probes a long cooldown with another key after 5 s and ends it for all when the probe succeeds', async () => {
      const { one, clock, ask } = begin();
      expect(await ask('large')).toBe(429);
      expect(await ask('other')).toBe('rate_limit_exceeded');
      clock.advance(5_000);
      expect(await ask('large')).toBe('rate_limit_exceeded');
      expect(await ask('other')).toBe(200);
      expect(await ask('large')).toBe(200);
      expect(one.calls).toBe(3);
    });

    it('probes a long cooldown with the same key after 15 s when no other key calls', async () => {
      const { clock, ask } = begin();
      await ask('only');
      clock.advance(14_000);
      expect(await ask('only')).toBe('rate_limit_exceeded');
      clock.advance(1_000);
      expect(await ask('only')).toBe(200);
    });
  });

  it("starts no cooldown when one call exceeded the provider's maximum", async () => {
    const one = scripted(refusal(429, { kind: 'rate_limited', retryAfterMs: 300_000, tooLarge: true }), answer());
    const { ask } = setUp([target('one', { service: one })], 'priority');
    expect((await ask()).reply.status).toBe(429);
    expect((await ask()).reply.status).toBe(200);
    expect(one.calls).toBe(2);
  });

  it('falls back to another model when a cooldown outlasts one short wait', async () => {
    const { ask } = setUp([target('one', { service: scripted(LIMITED) })], 'priority', {
      fallback: [{ name: 'two', strategy: 'priority', targets: [target('two')] }],
    });
    expect((await ask()).provider).toBe('two');
  });

  it('does not open the circuit of a rate-limited target', async () => {
    const one = scripted(refusal(429, { kind: 'rate_limited', retryAfterMs: 1 }));
    const { ask, clock, breakers } = setUp([target('one', { service: one }), target('two')], 'priority');
    for (let n = 0; n < 20; n++) {
      await ask();
      clock.advance(2);
    }
    expect(one.calls).toBe(20);
    expect(breakers.availability('one/m').kind).toBe('closed');
  });
});
