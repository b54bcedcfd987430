import { type Bench, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { OTHER_CPU } from './rig.ts';
import { ratioOfRounds } from './statistics.ts';
import { configuration, LIVE } from './workload.ts';

const ROUNDS = 5;
/** Well below the capacity of a replica, so that the queues are equally long with and without the other replica. */
const RATE = 300;

/**
 * Measures whether a call costs a replica more when another replica shares all its state. Compares its CPU time per request
 * while the other replica serves as many calls of the same caller on another CPU, and while the other is idle. On a shared CPU
 * the two would evict each other from its caches.
 */
export async function measureTwoProcesses(bench: Bench): Promise<Results> {
  const { rig, redis, folder, gateway } = bench;
  const config = configuration(rig.upstreamPort);
  const other = await startGateway(rig, { config, redisUrl: redis.url, folder, cpu: OTHER_CPU });
  const load = { connections: 16, seconds: 4, rate: RATE, headers: LIVE };
  const alone: number[] = [];
  const beside: number[] = [];
  try {
    await measureServed(bench, other, 'whole', { connections: 32, seconds: 10, headers: LIVE });
    for (let round = 0; round < ROUNDS; round++) {
      alone.push((await measureServed(bench, gateway, 'whole', load)).cpu);
      const both = await Promise.all([measureServed(bench, gateway, 'whole', load), measureServed(bench, other, 'whole', load)]);
      beside.push(both[0].cpu);
    }
  } finally {
    other.child.kill('SIGKILL');
  }
  return { twoProcesses: (ratioOfRounds(beside, alone) - 1) * 100 };
}
