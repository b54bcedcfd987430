import { describe, expect, test } from '@jest/globals';
import { parseCollections, perCall } from './gc-trace.ts';

/** Shortened lines of Node.js 24.21. */
const YOUNG =
  '[24803:0x122dd000:0]       54 ms: pause=3.4 mutator=44.3 gc=s reduce_memory=0 scavenge=3.29 background.scavenge.parallel=1.89 allocated=4096 promoted=1024 new_space_survived=2048 promotion_ratio=76.5%';
const FULL =
  '[24812:0x3c660000:0]       81 ms: pause=15.3 mutator=59.0 gc=mc clear.join_filter_job=0.0clear.join_job=0.0 mark.roots=0.3 allocated=2048 promoted=77464 new_space_survived=0';

describe('the trace of collections', () => {
  test('sums allocations and pauses of all collections, and promotions of young ones', () => {
    expect(parseCollections(`${YOUNG}\n${FULL}\n${YOUNG}\n`)).toEqual({
      count: 3,
      allocatedBytes: 10_240,
      promotedBytes: 2_048,
      copiedBytes: 4_096,
      pauseMs: expect.closeTo(22.1),
    });
  });

  test('ignores log lines of the process', () => {
    expect(parseCollections('{"level":"info","message":"pause=1 allocated=5"}\nlistening on 80')).toMatchObject({
      count: 0,
      allocatedBytes: 0,
    });
  });

  test('returns kilobytes, microseconds and percent per call', () => {
    expect(perCall(parseCollections(YOUNG), 2)).toEqual({
      allocatedKb: 2,
      promotedKb: 0.5,
      promotedPercent: 25,
      copiedKb: 1,
      pauseMicros: 1_700,
    });
  });
});
