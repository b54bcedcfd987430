import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { GRACE_MS } from './deadlines.ts';
import { SleepWatch } from './sleep-watch.ts';

describe('SleepWatch', () => {
  const begin = () => {
    const clock = new ManualClock();
    return { clock, watch: new SleepWatch(clock) };
  };

  it('has not slept while it looks as often as it should', () => {
    const { clock, watch } = begin();
    for (let n = 0; n < 100; n++) {
      clock.advance(400);
      watch.look();
    }
    expect(watch.slept()).toBe(false);
  });

  it('remembers a sleep for longer than the grace of a deadline that passed meanwhile', () => {
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

  it('notices a sleep when it is asked, though its timer has not run yet', () => {
    const { clock, watch } = begin();
    watch.start();
    clock.advance(5_000);
    expect(watch.slept()).toBe(true);
    watch.stop();
  });
});
