import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { GRACE_MS } from './deadlines.ts';
import { SleepWatch } from './sleep-watch.ts';

describe('SleepWatch', () => {
  const begin = () => {
    const clock = new ManualClock();
    return { clock, watch: new SleepWatch(clock) };
  };

  it('reports no suspension while the checks are regular', () => {
    const { clock, watch } = begin();
    for (let n = 0; n < 100; n++) {
      clock.advance(400);
      watch.look();
    }
    expect(watch.slept()).toBe(false);
  });

  it('remembers a suspension for longer than the grace of a deadline', () => {
    const { clock, watch } = begin();
    clock.advance(5_000);
    watch.look();
    const later = (ms: number) => {
      for (let n = 0; n < ms; n += 250) {
        clock.advance(250);
        watch.look();
      }
    };
    later(2 * GRACE_MS);
    expect(watch.slept()).toBe(true);
    later(1_000);
    expect(watch.slept()).toBe(false);
  });

  it('detects a suspension on request before its own timer has run', () => {
    const { clock, watch } = begin();
    watch.start();
    clock.advance(5_000);
    expect(watch.slept()).toBe(true);
    watch.stop();
  });
});
