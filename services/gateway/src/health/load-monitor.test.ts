import { describe, expect, it } from '@jest/globals';
import { LoadMonitor } from './load-monitor.ts';

function setUp() {
  const state = { inFlight: 100, heap: 0.1, buffersBytes: 0, cpuShare: 1 };
  const overload = new LoadMonitor({
    limits: () => ({ lagMs: 500, heap: 0.9, buffersBytes: 1_000 }),
    inFlight: () => state.inFlight,
    memory: () => state,
  });
  const after = (...latenesses: number[]) => {
    for (const lateMs of latenesses) overload.sample(lateMs, state.cpuShare * lateMs);
    return overload.pressure();
  };
  return { state, after };
}

describe('LoadMonitor', () => {
  it('reports no pressure after one late sample, however late', () => {
    expect(setUp().after(0, 60_000)).toBeUndefined();
    expect(setUp().after(0, 60_000, 0)).toBeUndefined();
    expect(setUp().after(600, 0, 600)).toBeUndefined();
  });

  it('reports lag after two consecutive late samples, until a sample is in time', () => {
    const { after } = setUp();
    expect(after(501, 501)).toBe('lag');
    expect(after(501)).toBe('lag');
    expect(after(0)).toBeUndefined();
  });

  it('reports no lag after consecutive pauses during which the process did not run', () => {
    const { state, after } = setUp();
    state.cpuShare = 0.05;
    expect(after(900, 900, 900)).toBeUndefined();
    state.cpuShare = 0.2;
    expect(after(900, 900)).toBe('lag');
  });

  it('reports no lag while fewer than five calls are in flight', () => {
    const { state, after } = setUp();
    state.inFlight = 4;
    expect(after(501, 501, 501)).toBeUndefined();
    state.inFlight = 5;
    expect(after()).toBe('lag');
  });

  it.each(['heap', 'buffers'] as const)(
    'reports %s after two consecutive samples above its limit, at any number of calls',
    (what) => {
      const { state, after } = setUp();
      state.inFlight = 1;
      if (what === 'heap') state.heap = 0.95;
      else state.buffersBytes = 1_001;
      expect(after(0)).toBeUndefined();
      expect(after(0)).toBe(what);
      state.heap = 0;
      state.buffersBytes = 0;
      expect(after(0)).toBeUndefined();
    },
  );

  it('counts the Buffers of this process', async () => {
    let limitBytes = 0;
    const overload = new LoadMonitor({
      limits: () => ({ lagMs: 1e9, heap: 1, buffersBytes: limitBytes }),
      inFlight: () => 1,
    });
    const { external_memory: before } = (await import('node:v8')).getHeapStatistics();
    limitBytes = before + 32 * 1024 * 1024;
    const held = Buffer.alloc(64 * 1024 * 1024);
    overload.sample(0, 0);
    overload.sample(0, 0);
    expect(overload.pressure()).toBe('buffers');
    expect(held.length).toBeGreaterThan(0);
  });
});
