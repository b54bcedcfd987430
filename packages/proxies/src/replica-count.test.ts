import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { ReplicaCount } from './replica-count.ts';

const MINUTE = 60_000;

describe('ReplicaCount', () => {
  it('returns no replica count before the store has responded', () => {
    expect(new ReplicaCount(new ManualClock()).highest()).toBeUndefined();
  });

  it('returns the highest replica count of the last hour', () => {
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

  it('keeps the last replica count while the store is unavailable for longer than an hour', () => {
    const clock = new ManualClock();
    const replicas = new ReplicaCount(clock);
    replicas.seen(4);
    clock.advance(600 * MINUTE);
    expect(replicas.highest()).toBe(4);
  });
});
