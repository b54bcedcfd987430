import { describe, expect, it } from '@jest/globals';
import { type Failure, LlmError, type LlmReply } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { MemoryCircuits } from '@sluice/store/memory';
import { answer, scripted, balancedTargets as setUp, target } from '../../../../test/support/balanced-targets.ts';

const failing = (failure: Failure, code: 'upstream_error' | 'upstream_timeout' = 'upstream_error'): LlmError =>
  new LlmError(code, `failed: ${failure.kind}`, { failure });

const DOWN = failing({ kind: 'server_error', status: 503 });

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
      startCooldown: unavailable,
      acquireProbe: unavailable,
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
