// Calls replicas with one key at a high rate, on a simulated clock and a real Redis, and reports what quota leases cost and admit.
//   --seconds N  simulated seconds of the run that reaches its limit; 75 by default, because its window has a minute
//   --rate N     calls per second, 20,000 by default     --replicas N  4 by default
//   --seed N     reproduces the same calls               --write       writes the report into docs/scaling.md
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeBetween } from '../../bench/report.ts';
import { ensureRedisServer, startRedisServer } from '../../support/redis-server.ts';
import { type HotTenantFigures, type HotTenantOptions, measureHotTenant } from './measure.ts';

const SCALING = fileURLToPath(new URL('../../../docs/scaling.md', import.meta.url));
const MINUTE_S = 60;
/** Duration of the runs below their limit, in simulated seconds. */
const BELOW_LIMIT_S = 5;
/** The default of `limits.leaseAbove`. */
const LEASE_ABOVE = 200;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '75' },
    rate: { type: 'string', default: '20000' },
    replicas: { type: 'string', default: '4' },
    seed: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const [seconds, callsPerS, replicas, seed] = [values.seconds, values.rate, values.replicas, values.seed].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (![seconds, callsPerS, replicas, seed].every((one) => Number.isInteger(one) && one > 0)) {
    throw new Error('--seconds, --rate, --replicas and --seed are whole numbers above zero');
  }
  ensureRedisServer();
  const redis = await startRedisServer();
  try {
    const base = { callsPerS, replicas, seed, windowMs: MINUTE_S * 1_000 };
    const below: HotTenantOptions = {
      ...base,
      seconds: BELOW_LIMIT_S,
      requests: callsPerS * MINUTE_S * 2,
      leaseAbove: LEASE_ABOVE,
    };
    const full: HotTenantOptions = {
      ...base,
      seconds,
      requests: Math.floor(callsPerS * MINUTE_S * 0.8),
      leaseAbove: LEASE_ABOVE,
    };
    const runs: [string, HotTenantOptions][] = [
      ['below its limit, without leases', { ...below, leaseAbove: undefined }],
      ['below its limit', below],
      ['at 1.25 times its limit', full],
    ];
    const rows: string[] = [];
    for (const [name, options] of runs) rows.push(rowOf(name, await measureHotTenant(redis.url, options)));
    const text = [
      `\`npm run scale-sim -- hot-tenant\`: one key, ${callsPerS} calls/s at ${replicas} replicas, windows of a minute, seed ${seed}.`,
      '',
      "| run | calls | Redis' CPU a call | slowness | reservations a call | over the limit | refused needlessly |",
      '|---|---|---|---|---|---|---|',
      ...rows,
    ].join('\n');
    process.stdout.write(`${text}\n`);
    if (values.write) writeBetween(SCALING, 'hot-tenant', text);
  } finally {
    await redis.stop();
  }
}

function rowOf(name: string, { calls, cpuUs, slowness, reservations, overAdmitted, underAdmitted }: HotTenantFigures): string {
  const share = `${(100 * underAdmitted).toFixed(2)} %`;
  return `| ${name} | ${calls} | ${cpuUs.toFixed(1)} µs | ${slowness.toFixed(2)} | ${reservations.toFixed(3)} | ${overAdmitted} | ${share} |`;
}

await main();
