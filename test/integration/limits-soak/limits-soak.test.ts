import { expect, it } from '@jest/globals';
import { limitsSoak } from './limits-soak.ts';

const HITS = 10_000;
/** The same calls in each run; `npm run soak:limits` uses another seed and a hundred times as many calls. */
const SEED = 10;

it('never admits more than the limit in any window over four connections, and uses it up with single units', async () => {
  const results = await limitsSoak({ redisUrl: process.env['TEST_REDIS_URL'] as string, hits: HITS, seed: SEED });
  for (const { ratio, mostPerCall } of results) {
    if (mostPerCall === 1) expect(ratio).toBe(1);
    // a call that takes several units may not fit into the rest
    else expect(ratio).toBeLessThanOrEqual(1);
  }
}, 120_000);
