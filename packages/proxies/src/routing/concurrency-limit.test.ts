import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { MemoryTargetLoads } from '@sluice/store/memory';
import fc from 'fast-check';
import { answer, balancedTargets, scripted, target } from '../../../../test/support/balanced-targets.ts';
import { FairQueue } from './fair-queue.ts';
import { SharedLoads } from './shared-loads.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

function replica(name: string, store: MemoryTargetLoads, limit: number, more: object = {}) {
  const loads = new SharedLoads({ store, replica: name, clock: new ManualClock() });
  return { loads, limit: loads.limit('up', { limit, maxWaiting: 10, waitMs: 60_000, ...more }) };
}

describe('ConcurrencyLimit', () => {
  it('admits calls up to the limit and the next one after a release', async () => {
    const { limit } = replica('a', new MemoryTargetLoads(new ManualClock()), 2);
    const release = await limit.enter('t', never);
    await limit.enter('t', never);
    let third = false;
    const waiting = limit.enter('t', never).then(() => {
      third = true;
    });
    await turn();
    expect([third, limit.full, limit.inFlight, limit.waiting]).toEqual([false, true, 2, 1]);
    release();
    release();
    await waiting;
    expect([limit.inFlight, limit.waiting]).toEqual([2, 0]);
  });

  it('enforces one concurrency limit over all replicas', async () => {
    const store = new MemoryTargetLoads(new ManualClock());
    const replicas = ['a', 'b', 'c'].map((name) => replica(name, store, 5, { maxWaiting: 100 }));
    const inFlight = () => replicas.reduce((sum, { limit }) => sum + limit.inFlight, 0);
    const exchange = async () => {
      for (const { loads } of replicas) await loads.exchange();
      await turn();
    };
    let served = 0;
    const calls = Array.from({ length: 60 }, async (_, n) => {
      const release = await (replicas[n % 3] as (typeof replicas)[0]).limit.enter('t', never);
      expect(inFlight()).toBeLessThanOrEqual(5);
      await exchange();
      served++;
      release();
    });
    const done = Promise.all(calls);
    for (let n = 0; n < 500 && served < 60; n++) await exchange();
    await done;
    expect(inFlight()).toBe(0);
  });

  it('rejects a call when the queue is full or the wait exceeds waitMs', async () => {
    const { limit } = replica('a', new MemoryTargetLoads(new ManualClock()), 1, { maxWaiting: 1, waitMs: 20 });
    const release = await limit.enter('t', never);
    const waiting = limit.enter('t', never);
    await expect(limit.enter('t', never)).rejects.toMatchObject({ code: 'overloaded', failure: { kind: 'concurrency_limit' } });
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    release();
    expect([limit.inFlight, limit.waiting]).toEqual([0, 0]);
  });

  it('removes a call from the queue when its client disconnects', async () => {
    const { limit } = replica('a', new MemoryTargetLoads(new ManualClock()), 1);
    const release = await limit.enter('t', never);
    const disconnect = new LlmError('client_closed', 'gone');
    const leaving = new AbortController();
    const waiting = limit.enter('t', leaving.signal);
    leaving.abort(disconnect);
    await expect(waiting).rejects.toBe(disconnect);
    release();
    expect([limit.inFlight, limit.waiting]).toEqual([0, 0]);
  });

  it('grants a replica its share of the permits while the store is unavailable', async () => {
    const store = new MemoryTargetLoads(new ManualClock());
    store.exchange = () => Promise.reject(new Error('unavailable'));
    const loads = new SharedLoads({ store, replica: 'a', maxReplicas: () => 3 });
    const limit = loads.limit('up', { limit: 9, maxWaiting: 10, waitMs: 1 });
    const entered = await Promise.allSettled(Array.from({ length: 5 }, () => limit.enter('t', never)));
    expect(entered.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('picks a target with a free permit instead of waiting for a full one', async () => {
    const { limit } = replica('a', new MemoryTargetLoads(new ManualClock()), 1);
    await limit.enter('t', never);
    const full = target('full', { limits: [limit] });
    expect((await balancedTargets([full, target('free')], 'priority').ask()).provider).toBe('free');
  });

  it('releases permits of failed calls and falls back when no permit is free in time', async () => {
    const down = new LlmError('upstream_error', 'down', { failure: { kind: 'timeout' } });
    const { limit } = replica('a', new MemoryTargetLoads(new ManualClock()), 1, { waitMs: 5 });
    const limited = target('limited', { limits: [limit], service: scripted(down, answer()) });
    const { ask } = balancedTargets([limited], 'priority', {
      fallback: [{ name: 'other', strategy: 'priority', targets: [target('other')] }],
    });
    expect((await ask()).provider).toBe('other');
    expect(limit.inFlight).toBe(0);
    await limit.enter('t', never);
    expect((await ask()).provider).toBe('other');
    expect(limit.waiting).toBe(0);
  });
});

describe('FairQueue', () => {
  it('serves owners in turn, however many items one of them has', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 100; n++) queue.push('many', `many ${n}`);
    queue.push('few', 'few 0');
    queue.push('other', 'other 0');
    queue.push('few', 'few 1');
    const served = Array.from({ length: 6 }, () => queue.shift());
    expect(served).toEqual(['many 0', 'few 0', 'other 0', 'many 1', 'few 1', 'many 2']);
    expect(queue.length).toBe(97);
  });

  it('loses no item and keeps the order of each owner', () => {
    const step = fc.oneof(
      fc.record({ push: fc.constantFrom('a', 'b', 'c') }),
      fc.constant({ shift: true }),
      fc.record({ remove: fc.constantFrom('a', 'b', 'c') }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FairQueue<number>();
        const model = new Map<string, number[]>();
        const all = () => [...model.values()].flat();
        steps.forEach((one, n) => {
          if ('push' in one) {
            queue.push(one.push, n);
            model.set(one.push, [...(model.get(one.push) ?? []), n]);
          } else if ('remove' in one) {
            const last = model.get(one.remove)?.pop();
            if (last !== undefined) queue.remove(one.remove, last);
          } else {
            const item = queue.shift();
            expect(item === undefined).toBe(all().length === 0);
            for (const items of model.values()) if (items[0] === item) items.shift();
          }
          expect(queue.length).toBe(all().length);
        });
        const rest = Array.from({ length: queue.length }, () => queue.shift());
        expect([...rest].sort()).toEqual([...all()].sort());
      }),
    );
  });
});
