import { type Bench, LIVE, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { OTHER_CPU } from './rig.ts';
import { configuration } from './workload.ts';

const ROUNDS = 5;
/** Well below what one carries, so that the queues are as long with the other as without. */
const RATE = 300;

/**
 * Whether a call costs a replica more where another one shares all its state: its CPU a request while the other serves as many of the same
 * caller's calls on another CPU, against that while the other has nothing to do. Two of them on one CPU would tell how they drive
 * each other out of its caches.
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
  return { twoProcesses: (Math.min(...beside) / Math.min(...alone) - 1) * 100 };
}
