import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startWatchedProxy } from '../support/watched-proxy.ts';
import { type Bench, LIVE, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { bodyFile, configuration, pathOf } from './workload.ts';

/** These a gateway sends by itself, however many calls there are. */
const OF_NO_CALL = /^(INFO|PING|HELLO|CLIENT|CONFIG|SUBSCRIBE) /;
const SEQUENTIAL_CALLS = 50;

export interface RedisCost {
  readonly results: Results;
  /** Redis' own CPU time for a live call, in microseconds. */
  readonly cpu: number;
  /** Bytes that go to Redis, and come from it, for a live call. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What a live call asks of Redis: what it costs there under load, and how many commands and trips it takes where it is alone. */
export async function measureRedis(bench: Bench): Promise<RedisCost> {
  const client = new Redis(bench.redis.url);
  try {
    const before = await counters(client);
    const { answered } = await measureServed(bench, bench.gateway, 'whole', { connections: 32, seconds: 2, headers: LIVE });
    // what is written behind the answers
    await sleep(300);
    const after = await counters(client);
    const each = (name: keyof typeof before): number => (after[name] - before[name]) / answered;
    return { results: await countTrips(bench), cpu: each('cpu'), bytesIn: each('bytesIn'), bytesOut: each('bytesOut') };
  } finally {
    client.disconnect();
  }
}

async function counters(client: Redis): Promise<Record<'cpu' | 'bytesIn' | 'bytesOut', number>> {
  const info = await client.info('everything');
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
  return {
    cpu: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
  };
}

/** Calls one after the other, with somebody on the way to Redis who counts. Commands that a script runs inside Redis are part of the script. */
async function countTrips({ rig, redis, folder }: Bench): Promise<Results> {
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
      // what calls wait for comes over the connection that the cache is asked on
      const waited = busy.filter((bursts) => bursts.some((burst) => burst.some((command) => command.startsWith('GET '))));
      return { commands: busy.flat(2).length, trips: waited.flat().length };
    };
    // the first ones bring the scripts
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
