import { describe, expect, it, jest } from '@jest/globals';
import { abortSignalOf, CallAbort } from './call-signal.ts';

describe('CallAbort', () => {
  it('calls functions and objects once, in the order of their registration', () => {
    const abort = new CallAbort();
    const called: string[] = [];
    const removed = (): void => void called.push('removed');
    abort.addEventListener('abort', () => called.push('first'));
    abort.addEventListener('abort', removed);
    abort.addEventListener('abort', { handleEvent: () => called.push('second') });
    abort.addEventListener('abort', () => called.push('third'));
    abort.removeEventListener('abort', removed);
    abort.abort('gone');
    abort.abort('again');
    expect(called).toEqual(['first', 'second', 'third']);
    expect(abort.aborted).toBe(true);
    expect(abort.reason).toBe('gone');
  });

  it('does not call a listener that was removed or that was added after the abort', () => {
    const abort = new CallAbort();
    const listener = jest.fn();
    abort.addEventListener('abort', listener);
    abort.removeEventListener('abort', listener);
    abort.abort('gone');
    abort.addEventListener('abort', listener);
    expect(listener).not.toHaveBeenCalled();
  });

  it('calls a listener once that was added twice', () => {
    const abort = new CallAbort();
    const [one, other] = [jest.fn(), jest.fn()];
    for (const listener of [one, other, one, other]) abort.addEventListener('abort', listener);
    abort.abort('gone');
    expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 1]);
  });

  it('keeps the other listeners in order after the first was removed', () => {
    const abort = new CallAbort();
    const called: number[] = [];
    const listeners = [0, 1, 2].map((n) => (): void => void called.push(n));
    for (const listener of listeners) abort.addEventListener('abort', listener);
    abort.removeEventListener('abort', listeners[0] as () => void);
    abort.abort('gone');
    expect(called).toEqual([1, 2]);
  });

  it('calls the other listeners if one throws, and reports the fault', () => {
    const nextTick = jest.spyOn(process, 'nextTick').mockImplementation(() => {});
    try {
      const abort = new CallAbort();
      const other = jest.fn();
      const fault = new Error('fault');
      abort.addEventListener('abort', () => {
        throw fault;
      });
      abort.addEventListener('abort', other);
      abort.abort('gone');
      expect(other).toHaveBeenCalledTimes(1);
      expect(nextTick).toHaveBeenCalledWith(expect.any(Function), fault);
    } finally {
      nextTick.mockRestore();
    }
  });
});

describe('abortSignalOf', () => {
  it('returns an AbortSignal unchanged', () => {
    const { signal } = new AbortController();
    expect(abortSignalOf(signal)).toBe(signal);
  });

  it('returns a signal that aborts with the reason of the call', () => {
    const abort = new CallAbort();
    const signal = abortSignalOf(abort);
    expect(signal.aborted).toBe(false);
    abort.abort('gone');
    expect(signal.reason).toBe('gone');
    expect(abortSignalOf(abort).reason).toBe('gone');
  });
});
