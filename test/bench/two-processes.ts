import { type Bench, LIVE, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { configuration } from './workload.ts';

const ROUNDS = 3;
/** Well below what one carries, so that both work through the same queue lengths. */
const RATE = 300;

/** Whether a call costs more where two replicas share all their state: CPU a request of both together, against one by itself. */
export async function measureTwoProcesses(bench: Bench): Promise<Results> {
  const { rig, redis, folder, gateway } = bench;
  const other = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder });
  const load = { connections: 16, seconds: 4, rate: RATE, headers: LIVE };
  const one: number[] = [];
  const two: number[] = [];
  try {
    await measureServed(bench, other, 'whole', { connections: 32, seconds: 10, headers: LIVE });
    for (let round = 0; round < ROUNDS; round++) {
      one.push((await measureServed(bench, gateway, 'whole', load)).cpu);
      const half = { ...load, rate: RATE / 2 };
      const both = await Promise.all([measureServed(bench, gateway, 'whole', half), measureServed(bench, other, 'whole', half)]);
      two.push((both[0].cpu + both[1].cpu) / 2);
    }
  } finally {
    other.child.kill('SIGKILL');
  }
  return { twoProcesses: (Math.min(...two) / Math.min(...one) - 1) * 100 };
}
