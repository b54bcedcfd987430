import { Redis } from 'ioredis';
import type { RedisCluster } from '../support/redis-cluster.ts';

/** The work and the content of a shard. */
export interface ShardLoad {
  readonly commands: number;
  /** CPU time in microseconds. */
  readonly cpu: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly memory: number;
  readonly keys: number;
}

const NAMES = ['commands', 'cpu', 'bytesIn', 'bytesOut', 'memory', 'keys'] as const satisfies (keyof ShardLoad)[];

export class Shards {
  readonly clients: readonly Redis[];

  constructor({ nodes }: RedisCluster) {
    this.clients = nodes.map(({ host, port }) => new Redis(port, host));
  }

  async loads(): Promise<ShardLoad[]> {
    return await Promise.all(
      this.clients.map(async (client) => {
        const info = await client.info('everything');
        const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
        return {
          commands: number('total_commands_processed'),
          cpu: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
          bytesIn: number('total_net_input_bytes'),
          bytesOut: number('total_net_output_bytes'),
          memory: number('used_memory'),
          keys: await client.dbsize(),
        };
      }),
    );
  }

  close(): void {
    for (const client of this.clients) client.disconnect();
  }
}

export function difference(before: readonly ShardLoad[], after: readonly ShardLoad[]): ShardLoad[] {
  return after.map((load, n) => {
    const from = before[n] as ShardLoad;
    return Object.fromEntries(NAMES.map((name) => [name, load[name] - from[name]])) as Record<(typeof NAMES)[number], number>;
  });
}

export const sumOf = (loads: readonly ShardLoad[], name: keyof ShardLoad): number =>
  loads.reduce((sum, load) => sum + load[name], 0);
