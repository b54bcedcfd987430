import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { ensureRedisServer, type RedisServer, startRedisServer } from './redis-server.ts';

const SLOTS = 16_384;

/** A Redis Cluster of three masters on loopback, each in a separate process. */
export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Moves a slot with all its keys to the next node, as a resharding does. Returns the number of moved keys. */
  moveSlot(slot: number): Promise<number>;
  stop(): Promise<void>;
}

/** The highest port for commands. The nodes also use that port plus 10,000 among themselves. */
const MAX_PORT = 65_535 - 10_000;

async function startNode(): Promise<RedisServer> {
  for (;;) {
    const node = await startRedisServer(['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']).catch(
      (error: unknown) => {
        if (String(error).includes('port') || String(error).includes('bind')) return undefined;
        throw error;
      },
    );
    if (node === undefined) continue;
    if (node.port <= MAX_PORT) return node;
    await node.stop();
  }
}

export async function startRedisCluster(): Promise<RedisCluster> {
  ensureRedisServer();
  const servers = await Promise.all([startNode(), startNode(), startNode()]);
  const clients = servers.map(({ url }) => new Redis(url));
  const share = Math.ceil(SLOTS / servers.length);
  for (const [n, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', n * share, Math.min((n + 1) * share, SLOTS) - 1);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', String(servers[0]?.port));
  }
  const whole = async (client: Redis): Promise<boolean> => {
    const info = String(await client.call('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`);
  };
  await waitFor(async () => (await Promise.all(clients.map(whole))).every(Boolean), 'the cluster to be whole');
  const ids = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'MYID'))));
  return {
    nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    async moveSlot(slot) {
      const owners = (await clients[0]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][];
      const owner = owners.find(([from, to]) => slot >= from && slot <= to)?.[2][2];
      const from = ids.indexOf(String(owner));
      const to = (from + 1) % clients.length;
      const [source, target] = [clients[from] as Redis, clients[to] as Redis];
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] as string);
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] as string);
      let moved = 0;
      for (;;) {
        const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
        if (keys.length === 0) break;
        await source.call('MIGRATE', '127.0.0.1', String(servers[to]?.port), '', 0, 5_000, 'KEYS', ...keys);
        moved += keys.length;
      }
      for (const client of [target, source, ...clients]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] as string);
      return moved;
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
