import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

describe('Slots', () => {
  it('returns the items that were added and not removed, whatever the order of removal', () => {
    const slots = new Slots<{ readonly name: string }>();
    const names = () => slots.all().map(({ name }) => name);
    const [a, b] = [slots.add({ name: 'a' }), slots.add({ name: 'b' })];
    slots.remove(a);
    expect([names(), slots.size]).toEqual([['b'], 1]);
    const c = slots.add({ name: 'c' });
    expect([c, names().sort(), slots.size]).toEqual([a, ['b', 'c'], 2]);
    slots.remove(b);
    slots.remove(c);
    expect([names(), slots.size]).toEqual([[], 0]);
  });

  it('ignores a second removal of the same slot, so that no slot is given to two items', () => {
    const slots = new Slots<object>();
    const first = slots.add({});
    slots.remove(first);
    slots.remove(first);
    expect(slots.add({})).not.toBe(slots.add({}));
    expect(slots.size).toBe(2);
  });
});
