import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { ReplicaCount } from './replica-count.ts';

const MINUTE = 60_000;

describe('ReplicaCount', () => {
  it('knows no count before the store has answered', () => {
    expect(new ReplicaCount(new ManualClock()).highest()).toBeUndefined();
  });

  it('keeps the highest count of the last hour, and forgets it after that', () => {
    const clock = new ManualClock();
    const replicas = new ReplicaCount(clock);
    for (const count of [2, 5, 3]) replicas.seen(count);
    clock.advance(59 * MINUTE);
    replicas.seen(1);
    expect(replicas.highest()).toBe(5);
    clock.advance(2 * MINUTE);
    replicas.seen(1);
    expect(replicas.highest()).toBe(1);
  });

  it('keeps the last count while the store is unavailable for longer than an hour', () => {
    const clock = new ManualClock();
    const replicas = new ReplicaCount(clock);
    replicas.seen(4);
    clock.advance(600 * MINUTE);
    expect(replicas.highest()).toBe(4);
  });
});
