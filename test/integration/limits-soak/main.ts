// Attacks limits with a million calls and a moved clock: npm run soak:limits [-- --hits 1000000] [--seed 42]
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { findRedis } from '../../support/find-redis.ts';
import { limitsSoak } from './limits-soak.ts';

const { values } = parseArgs({ options: { hits: { type: 'string', default: '1000000' }, seed: { type: 'string' } } });
const hits = Number(values.hits);
const seed = values.seed === undefined ? randomInt(1e9) : Number(values.seed);
if (!(Number.isInteger(hits) && hits > 0) || !Number.isInteger(seed)) {
  process.stderr.write('soak:limits: --hits takes a whole number above zero, --seed a whole number\n');
  process.exit(1);
}
// a redis-server that this run started is killed at the exit of this process (test/support/kill-at-exit.ts)
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
const print = (line: string): void => void process.stdout.write(`soak:limits: ${line}\n`);
print(`${hits} hits, seed ${seed}`);
const redis = await findRedis();
try {
  const startedMs = performance.now();
  const results = await limitsSoak({ redisUrl: redis.url, hits, seed });
  for (const { limit, windowMs, hits: sent, admitted, ratio, mostPerCall, clockGoesBack } of results) {
    const kind = `${mostPerCall > 1 ? `, 1 to ${mostPerCall} a call` : ''}${clockGoesBack === true ? ', the clock goes back' : ''}`;
    print(
      `${limit} in ${windowMs} ms${kind}: ${sent} hits, ${admitted} admitted, most in any window ÷ limit = ${ratio.toFixed(3)}`,
    );
  }
  const exceeded = results.filter(({ ratio }) => ratio > 1);
  print(`${exceeded.length} of ${results.length} limits exceeded, in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
  process.exitCode = exceeded.length === 0 ? 0 : 1;
} finally {
  await redis.stop();
}
