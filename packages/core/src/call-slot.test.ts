import { describe, expect, it } from '@jest/globals';
import { newCallContext } from './call.ts';
import { CallSlot } from './call-slot.ts';

describe('CallSlot', () => {
  it('returns the default before any value is set', () => {
    expect(new CallSlot<readonly string[]>('names', []).get({ context: newCallContext() })).toEqual([]);
  });

  it('keeps the values of two slots and of two calls apart', () => {
    const [first, second] = [new CallSlot('first', 0), new CallSlot('second', 0)];
    const [one, other] = [{ context: newCallContext() }, { context: newCallContext() }];
    first.set(one, 1);
    second.set(one, 2);
    first.set(other, 3);
    expect([first.get(one), second.get(one), first.get(other), second.get(other)]).toEqual([1, 2, 3, 0]);
  });

  it('shows a value to the copies of a call', () => {
    const slot = new CallSlot<string | undefined>('target', undefined);
    const call = { context: newCallContext(), outputLimit: 5 };
    const copy = { ...call, outputLimit: 6 };
    slot.set(copy, 'a');
    expect(slot.get(call)).toBe('a');
  });
});
