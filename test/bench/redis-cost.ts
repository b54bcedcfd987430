import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { startWatchedProxy } from '../support/watched-proxy.ts';
import type { Bench } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { bodyFile, configuration, LIVE, pathOf } from './workload.ts';

/** Commands that a gateway sends independently of its calls. */
const OF_NO_CALL = /^(INFO|PING|HELLO|CLIENT|CONFIG|SUBSCRIBE) /;
const SEQUENTIAL_CALLS = 50;

/** Counters of Redis: its CPU time in microseconds, and bytes to and from it. */
export type RedisCounters = Readonly<Record<'cpu' | 'bytesIn' | 'bytesOut', number>>;

export async function countersOf(client: Redis): Promise<RedisCounters> {
  const info = await client.info('everything');
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
  return {
    cpu: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
  };
}

/**
 * Counts the round trips of calls in sequence with a proxy in front of Redis. Commands within a script count as part of the
 * script.
 */
export async function countTrips({ rig, redis, folder }: Bench): Promise<Results> {
  const proxy = await startWatchedProxy(redis.url);
  const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: proxy.url, folder });
  try {
    const body = readFileSync(bodyFile(folder, 'whole'));
    const call = async (): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${gateway.port}${pathOf('whole')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench-0001', ...LIVE },
        body,
      });
      if (response.status !== 200) throw new Error(`a call was answered with ${response.status}`);
      await response.arrayBuffer();
    };
    const counted = (): { commands: number; trips: number } => {
      const connections = proxy
        .trips()
        .map((bursts) => bursts.map((burst) => burst.filter((command) => !OF_NO_CALL.test(command))));
      const busy = connections.map((bursts) => bursts.filter((burst) => burst.length > 0));
      // calls wait for the connection that has the cache look-ups
      const waited = busy.filter((bursts) => bursts.some((burst) => burst.some((command) => /^M?GET /.test(command))));
      return { commands: busy.flat(2).length, trips: waited.flat().length };
    };
    // the first calls load the scripts
    for (let n = 0; n < 5; n++) await call();
    await sleep(500);
    const before = counted();
    for (let n = 0; n < SEQUENTIAL_CALLS; n++) await call();
    await sleep(300);
    const after = counted();
    return {
      redisTrips: (after.trips - before.trips) / SEQUENTIAL_CALLS,
      redisCommands: (after.commands - before.commands) / SEQUENTIAL_CALLS,
    };
  } finally {
    gateway.child.kill('SIGKILL');
    await proxy.close();
  }
}
