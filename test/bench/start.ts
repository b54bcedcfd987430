import { readFileSync } from 'node:fs';
import type { Bench } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { median } from './statistics.ts';
import { bodyFile, configuration, LIVE, pathOf } from './workload.ts';

const STARTS = 3;

/** Measures the CPU time of a process from its start to its first answer, collections and compilation included. */
export async function measureStart({ rig, redis, folder }: Bench): Promise<Results> {
  const body = readFileSync(bodyFile(folder, 'whole'));
  const seconds: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder });
    try {
      const response = await fetch(`http://127.0.0.1:${gateway.port}${pathOf('whole')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench-0001', ...LIVE },
        body,
      });
      if (response.status !== 200) throw new Error(`the first call was answered with ${response.status}`);
      await response.arrayBuffer();
      seconds.push(gateway.times().runMicros / 1e6);
    } finally {
      gateway.child.kill('SIGKILL');
    }
  }
  return { firstAnswer: median(seconds) };
}
