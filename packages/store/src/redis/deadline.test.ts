import { describe, expect, it } from '@jest/globals';
import { RedisTimeoutError, withDeadline } from './deadline.ts';

describe('withDeadline', () => {
  it('rejects what does not come', async () => {
    await expect(withDeadline(new Promise(() => {}), 5)).rejects.toBeInstanceOf(RedisTimeoutError);
  });

  it('passes on what comes, good or bad', async () => {
    await expect(withDeadline(Promise.resolve(1), 1_000)).resolves.toBe(1);
    await expect(withDeadline(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
  });

  it('takes an answer that was there while this process was busy', async () => {
    // the answer comes with the next turn of the event loop, but the timer is due first because the process is held up
    const answer = new Promise((resolve) => setImmediate(() => resolve('there')));
    const waited = withDeadline(answer, 5);
    const until = performance.now() + 20;
    while (performance.now() < until);
    await expect(waited).resolves.toBe('there');
  });
});
