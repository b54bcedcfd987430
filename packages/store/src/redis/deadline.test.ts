import { describe, expect, it } from '@jest/globals';
import { RedisTimeoutError, withTimeout } from './deadline.ts';

describe('withTimeout', () => {
  it('rejects a command without a reply after the timeout', async () => {
    await expect(withTimeout(5)('get', () => new Promise(() => {}))).rejects.toBeInstanceOf(RedisTimeoutError);
  });

  it('passes on a result or an error that arrives in time', async () => {
    await expect(withTimeout(1_000)('get', () => Promise.resolve(1))).resolves.toBe(1);
    await expect(withTimeout(1_000)('get', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('reports the duration of each command once, also of a timeout', async () => {
    const observed: [string, number][] = [];
    const wait = withTimeout(20, { observe: (operation, seconds) => observed.push([operation, seconds]) });
    await wait('get', () => Promise.resolve(1));
    let answerLate: (value: number) => void = () => {};
    const late = new Promise<number>((resolve) => {
      answerLate = resolve;
    });
    await expect(wait('set', () => late)).rejects.toBeInstanceOf(RedisTimeoutError);
    answerLate(1);
    await late;
    expect(observed.map(([operation]) => operation)).toEqual(['get', 'set']);
    expect(observed[1]?.[1]).toBeGreaterThanOrEqual(0.019);
  });

  it('accepts a reply that arrived while this process was busy', async () => {
    // the answer comes with the next turn of the event loop, but the timer is due first because the process is held up
    const answer = new Promise((resolve) => setImmediate(() => resolve('there')));
    const waited = withTimeout(5)('get', () => answer);
    const until = performance.now() + 20;
    while (performance.now() < until);
    await expect(waited).resolves.toBe('there');
  });
});
