import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core';
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

  it('has slept for two seconds after it could not look for more than one', () => {
    const { clock, watch } = begin();
    clock.advance(5_000);
    watch.look();
    expect(watch.slept()).toBe(true);
    clock.advance(900);
    watch.look();
    clock.advance(900);
    watch.look();
    expect(watch.slept()).toBe(true);
    clock.advance(900);
    watch.look();
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
