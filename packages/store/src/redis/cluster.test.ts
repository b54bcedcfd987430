import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisCluster, startRedisCluster } from '../../../../test/support/redis-cluster.ts';
import { adaptersContract } from './adapters.contract.ts';
import { KeyLayout } from './key-layout.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});

adaptersContract('Redis Cluster', () => ({ kind: 'cluster', nodes: cluster.nodes }));

describe('the shards of the audit trail (Redis Cluster)', () => {
  it('spreads over all servers', async () => {
    const layout = new KeyLayout();
    const client = new Redis(cluster.nodes[0] as { host: string; port: number });
    const slots = Array.from({ length: layout.auditShards }, (_, shard) => client.cluster('KEYSLOT', layout.auditStream(shard)));
    // each of the three servers has a third of the slots
    const servers = (await Promise.all(slots)).map((slot) => Math.floor((Number(slot) * 3) / 16_384));
    client.disconnect();
    for (const server of [0, 1, 2]) expect(servers.filter((one) => one === server).length).toBeGreaterThanOrEqual(4);
  });
});

// after the connections, which the contract closes
afterAll(() => cluster.stop());
