import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, startGateway } from './peers.ts';
import { configuration, LIVE } from './workload.ts';

const FIRST_CALLS = 100_000;

/** Returns the resident memory in megabytes. Source: Linux' /proc. */
function residentMb({ child }: GatewayPeer): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1_024;
}

/** Measures the memory of a process after its start and under load. A long run also measures growth over very many calls. */
export async function measureMemory(bench: Bench, manyCalls: number): Promise<Results> {
  const { rig, redis, folder, quick, say } = bench;
  const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder });
  try {
    await sleep(2_000);
    const idleMemory = residentMb(gateway);
    let calls = 0;
    const loadTo = async (wanted: number): Promise<number[]> => {
      const seen: number[] = [];
      while (calls < wanted) {
        // half of the calls hit the cache, so that both code paths run
        const headers = seen.length % 2 === 0 ? LIVE : {};
        calls += (await measureServed(bench, gateway, 'whole', { connections: 32, seconds: quick ? 3 : 10, headers })).answered;
        seen.push(residentMb(gateway));
        say(`memory after ${calls} calls: ${seen.at(-1)?.toFixed(0)} MB`);
      }
      return seen;
    };
    if (quick) return { idleMemory, loadedMemory: Math.max(...(await loadTo(1))) };
    const first = await loadTo(FIRST_CALLS);
    const rest = await loadTo(manyCalls);
    const last = rest.slice(-4);
    const growth = (Math.max(...last) / Math.max(...first) - 1) * 100;
    return { idleMemory, loadedMemory: Math.max(...first, ...rest), memoryGrowth: growth };
  } finally {
    gateway.child.kill('SIGKILL');
  }
}
