import { describe, expect, it } from '@jest/globals';
import { asLlmError, type Failure, LlmError, type LlmReply, type LlmService, ManualClock, ReplyStream } from '@sluice/core';
import { byLength } from '@sluice/dialects';
import { MemoryCircuits } from '@sluice/store/memory';
import { answer, scripted, balancedTargets as setUp, target } from '../../../../test/support/balanced-targets.ts';
import { estimateCall, promptTokens } from '../call-estimate.ts';

const failing = (failure: Failure, code: 'upstream_error' | 'upstream_timeout' = 'upstream_error'): LlmError =>
  new LlmError(code, `failed: ${failure.kind}`, { failure });

const DOWN = failing({ kind: 'unavailable', status: 503 });
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
    const { facts, provider } = await ask();
    expect(provider).toBe('two');
    expect(facts.account.attempts).toBe(2);
    expect(facts.account.usage).toEqual({ inputTokens: 10, outputTokens: 5 });
    expect(facts.account.tried).toEqual([
      { target: 'one/m', provider: 'one', model: 'm', outcome: 'failed', reason: 'unavailable', status: 503, latencyMs: 0 },
      { target: 'two/m', provider: 'two', model: 'm', outcome: 'answered', latencyMs: 0 },
    ]);
    expect(one.calls).toBe(1);
    expect(await usage.current()).toMatchObject({ 'provider:one:errors': 1, 'provider:two:calls': 1 });
  });

  it.each(['unreachable', 'silent', 'unavailable', 'credentials'] as const)(
    'fails over to the next target after the failure kind %s',
    async (kind) => {
      const { ask } = setUp([target('one', { service: scripted(failing({ kind })) }), target('two')], 'priority');
      expect((await ask()).provider).toBe('two');
    },
  );

  it.each([
    ['the request is invalid', refusal(400, { kind: 'rejected' })],
    ['the content is refused', refusal(400, { kind: 'content_refused' })],
    ['the prompt is too long', refusal(400, { kind: 'context_length' })],
  ])("returns the provider's refusal without failover when %s", async (_why, refused) => {
    const two = scripted(answer());
    const { ask } = setUp([target('one', { service: scripted(refused) }), target('two', { service: two })], 'priority');
    const { reply, facts } = await ask();
    expect(reply).toBe(refused);
    expect([two.calls, facts.account.attempts]).toEqual([0, 1]);
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
    const { ask, metrics } = setUp([target('one', { service: scripted(failing({ kind: 'silent' })) })], 'priority', {
      fallback: [fallback('second', scripted(failing({ kind: 'silent' }))), fallback('third')],
    });
    const { provider, facts } = await ask();
    expect([provider, facts.target, facts.account.attempts]).toEqual(['third', 'third/m', 3]);
    expect((await metrics.fallbacks.get()).values).toEqual([
      expect.objectContaining({ labels: { model: 'ours', reason: 'error' }, value: 2 }),
    ]);
  });

  it('returns the last failure when all targets fail', async () => {
    const last = failing({ kind: 'silent' }, 'upstream_timeout');
    const { ask } = setUp(
      [target('one', { service: scripted(failing({ kind: 'silent' })) }), target('two', { service: scripted(last) })],
      'priority',
    );
    await expect(ask()).rejects.toBe(last);
  });
});

describe('retries of the same target', () => {
  it('retries a target up to two times when the failure may be transient', async () => {
    const one = scripted(DOWN, DOWN, answer());
    const { ask, metrics } = setUp([target('one', { service: one })], 'priority');
    expect((await ask()).facts.account.attempts).toBe(3);
    expect((await metrics.retries.get()).values).toEqual([expect.objectContaining({ labels: { provider: 'one' }, value: 2 })]);
    const never = scripted(DOWN);
    await expect(setUp([target('one', { service: never })], 'priority').ask()).rejects.toBe(DOWN);
    expect(never.calls).toBe(3);
  });

  it.each(['silent', 'credentials'] as const)('does not retry a target after the failure kind %s', async (kind) => {
    const one = scripted(failing({ kind }));
    await expect(setUp([target('one', { service: one })], 'priority').ask()).rejects.toBeInstanceOf(LlmError);
    expect(one.calls).toBe(1);
  });

  it("follows the provider's shouldRetry hint", async () => {
    const hinting = (status: number, shouldRetry: boolean) =>
      scripted(refusal(status, { kind: 'rejected', shouldRetry }), answer());
    const again = hinting(409, true);
    expect((await setUp([target('one', { service: again })], 'priority').ask()).reply.status).toBe(200);
    const not = scripted(failing({ kind: 'unavailable', status: 500, shouldRetry: false }));
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
        call.facts.caller = ofKey(keyName);
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
    expect(breakers.availability('one/m').kind).toBe('ready');
  });
});

describe('circuit breaker', () => {
  const retries = { max: 0 };

  it('opens after five failures and lets one probe through when the open time is over', async () => {
    const one = scripted(DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, answer());
    const { ask, clock } = setUp([target('one', { service: one }), target('two')], 'priority');
    for (let n = 0; n < 10; n++) expect((await ask()).provider).toBe('two');
    expect(one.calls).toBe(5);
    clock.advance(5_000);
    // the probe fails: the circuit stays open for another interval
    expect((await ask()).provider).toBe('two');
    expect((await ask()).provider).toBe('two');
    expect(one.calls).toBe(6);
    clock.advance(5_000);
    expect((await ask()).provider).toBe('one');
    expect((await ask()).provider).toBe('one');
  });

  it('sends one of many concurrent calls as the probe, and the others to another target', async () => {
    let release: (reply: LlmReply) => void = () => {};
    const one = scripted(DOWN, DOWN, DOWN, DOWN, DOWN);
    const { ask, clock } = setUp([target('one', { service: one }), target('two')], 'priority');
    for (let n = 0; n < 5; n++) await ask();
    clock.advance(5_000);
    one.complete = () => {
      one.calls++;
      return new Promise((resolve) => {
        release = resolve;
      });
    };
    const calls = Array.from({ length: 20 }, () => ask());
    const others = await Promise.all(calls.slice(1));
    expect(others.map(({ provider }) => provider)).toEqual(Array(19).fill('two'));
    expect(one.calls).toBe(6);
    release(answer());
    expect((await calls[0])?.provider).toBe('one');
  });

  it('grants no second probe when an older call in flight is cancelled', async () => {
    const one = scripted(DOWN);
    const { ask, callOf, service, clock } = setUp([target('one', { service: one }), target('two')], 'priority');
    const pending = ({ signal }: { signal: AbortSignal }) => {
      one.calls++;
      return new Promise<LlmReply>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const complete = one.complete;
    one.complete = pending as never;
    const leaving = new AbortController();
    const old = service.complete(callOf({ signal: leaving.signal })).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    one.complete = complete;
    for (let n = 0; n < 5; n++) await ask();
    clock.advance(5_000);
    one.complete = pending as never;
    const trying = new AbortController();
    const probe = service.complete(callOf({ signal: trying.signal })).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    const asked = one.calls;
    leaving.abort(new LlmError('client_closed', 'gone'));
    await old;
    clock.advance(1_000);
    expect((await ask()).provider).toBe('two');
    expect(one.calls).toBe(asked);
    trying.abort(new LlmError('client_closed', 'gone'));
    await probe;
  });

  it('shares an open circuit with all replicas and lets one of them probe', async () => {
    const clock = new ManualClock();
    const circuits = new MemoryCircuits(clock);
    const services = [scripted(DOWN, DOWN, DOWN, DOWN, DOWN, answer()), scripted(answer())];
    const replicas = services.map((service) => {
      const replica = setUp([target('one', { service })], 'priority', { clock, circuits, retries });
      circuits.onChange(() => void replica.breakers.refresh());
      return replica;
    });
    const [first, second] = replicas as [(typeof replicas)[0], (typeof replicas)[0]];
    for (let n = 0; n < 5; n++) await expect(first.ask()).rejects.toBe(DOWN);
    await new Promise((resolve) => setImmediate(resolve));
    await expect(second.ask()).rejects.toMatchObject({ code: 'no_healthy_target', retryAfterMs: 5_000 });
    clock.advance(5_000);
    await Promise.all([first.ask(), second.ask().catch(() => {})]);
    expect(services.map(({ calls }) => calls).reduce((a, b) => a + b)).toBe(6);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await second.ask()).provider).toBe('one');
  });

  it('opens the circuit when the share of failures in a window of enough calls exceeds the limit', async () => {
    const outcomes = Array.from({ length: 30 }, (_, n) => (n % 3 === 1 ? answer() : DOWN));
    const one = scripted(...outcomes);
    const { ask } = setUp([target('one', { service: one })], 'priority', { retries });
    for (let n = 0; n < 30; n++) await ask().catch(() => {});
    expect(one.calls).toBe(10);
  });

  it('keeps the circuit closed when the failures are older than the window', async () => {
    const one = scripted(...Array.from({ length: 60 }, (_, n) => (n % 3 === 1 ? answer() : DOWN)));
    const { ask, clock } = setUp([target('one', { service: one })], 'priority', { retries });
    for (let n = 0; n < 60; n++) {
      await ask().catch(() => {});
      clock.advance(4_000);
    }
    expect(one.calls).toBe(60);
  });

  it('opens and closes the circuit locally while the store is unavailable', async () => {
    const clock = new ManualClock();
    const circuits = new MemoryCircuits(clock);
    const unavailable = () => Promise.reject(new Error('unavailable'));
    Object.assign(circuits, {
      open: unavailable,
      close: unavailable,
      cool: unavailable,
      probe: unavailable,
      states: unavailable,
    });
    const one = scripted(DOWN, DOWN, DOWN, DOWN, DOWN, answer());
    const { ask } = setUp([target('one', { service: one }), target('two')], 'priority', { clock, circuits });
    for (let n = 0; n < 8; n++) expect((await ask()).provider).toBe('two');
    expect(one.calls).toBe(5);
    clock.advance(5_000);
    expect((await ask()).provider).toBe('one');
    expect((await ask()).provider).toBe('one');
  });
});

describe('hedging', () => {
  const later = (ms: number, reply: () => LlmReply = answer) => ({
    calls: 0,
    aborted: 0,
    complete(call: { signal: AbortSignal }): Promise<LlmReply> {
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
    const { provider, facts } = await ask();
    expect(provider).toBe('quick');
    expect(slow.aborted).toBe(1);
    expect((await metrics.hedges.get()).values).toEqual([
      expect.objectContaining({ labels: { provider: 'slow', outcome: 'won' }, value: 1 }),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(facts.account.tried.map(({ target: of, outcome }) => [of, outcome])).toEqual([
      ['quick/m', 'answered'],
      ['slow/m', 'lost'],
    ]);
    const { inputTokens = 0 } = facts.account.usage ?? {};
    expect(inputTokens).toBeGreaterThan(10);
    expect(facts.account.cost).toBe((inputTokens + 5) * 1_000_000);
    expect(await usage.current()).toMatchObject({ 'provider:slow:input_tokens': inputTokens - 10 });
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
    expect(call.facts.account.accruedIfEndedNow()).toEqual({
      usage: { inputTokens: 2 * prompt, outputTokens: 7 },
      cost: (2 * prompt + 2 * 7) * 1_000_000,
    });
    stream.finish({ end: 'finished', usage: { inputTokens: 9, outputTokens: 8 } });
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.facts.account.accruedIfEndedNow().usage).toEqual({ inputTokens: prompt + 9, outputTokens: 8 });
    expect(call.facts.account.isInFlight).toBe(false);
  });
});
