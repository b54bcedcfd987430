import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RedisTimeoutError, withTimeout } from './deadline.ts';
import { RedisBreaker } from './redis-breaker.ts';

describe('the breaker around Redis', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function setUp() {
    let works = false;
    const states: boolean[] = [];
    const clock = { now: () => Date.now(), monotonic: () => Date.now() };
    const breaker = new RedisBreaker({
      probe: () => (works ? Promise.resolve() : Promise.reject(new Error('still away'))),
      onState: (open) => states.push(open),
      clock,
    });
    const fail = (times: number) => {
      for (let n = 0; n < times; n++) breaker.failed(new RedisTimeoutError(50));
    };
    return { breaker, states, fail, come: () => (works = true) };
  }

  it('opens after five consecutive failures, and closes when Redis responds at least one second later', async () => {
    const { breaker, states, fail, come } = setUp();
    fail(4);
    breaker.answered();
    fail(4);
    expect(breaker.refusal()).toBeUndefined();
    fail(1);
    expect(breaker.refusal()?.message).toContain('does not respond');
    await jest.advanceTimersByTimeAsync(3_000);
    expect(breaker.open).toBe(true);
    come();
    await jest.advanceTimersByTimeAsync(100);
    expect(breaker.open).toBe(false);
    expect(states).toEqual([true, false]);
    fail(5);
    await jest.advanceTimersByTimeAsync(999);
    expect(breaker.open).toBe(false);
  });

  it('opens when more than half of twenty commands fail within a second', async () => {
    const { breaker, fail } = setUp();
    for (let n = 0; n < 9; n++) {
      fail(1);
      breaker.answered();
    }
    fail(1);
    expect(breaker.open).toBe(false);
    fail(1);
    expect(breaker.open).toBe(true);
  });

  it('stays closed when the same failures are spread over a longer time', async () => {
    const { breaker, fail } = setUp();
    for (let n = 0; n < 40; n++) {
      fail(2);
      breaker.answered();
      await jest.advanceTimersByTimeAsync(300);
    }
    expect(breaker.open).toBe(false);
  });

  it('treats an error reply of Redis as a success', () => {
    const { breaker, fail } = setUp();
    fail(4);
    breaker.failed(Object.assign(new Error('WRONGTYPE'), { name: 'ReplyError' }));
    fail(4);
    expect(breaker.open).toBe(false);
  });

  it('stays closed when there is no connection, because such a failure costs no time', () => {
    const { breaker } = setUp();
    for (let n = 0; n < 50; n++) breaker.failed(new Error('Connection is closed.'));
    expect(breaker.open).toBe(false);
  });

  it('rejects every command at once while it is open', async () => {
    const { breaker, fail } = setUp();
    const wait = withTimeout(1_000, { breaker });
    let sent = 0;
    const send = async () => ++sent;
    await wait('get', send);
    fail(5);
    await expect(wait('get', send)).rejects.toMatchObject({ name: 'RedisUnavailableError' });
    expect(sent).toBe(1);
  });
});
