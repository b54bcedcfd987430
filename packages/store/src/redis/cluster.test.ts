import { afterAll, beforeAll } from '@jest/globals';
import { type RedisCluster, startRedisCluster } from '../../../../test/support/redis-cluster.ts';
import { adaptersContract } from './adapters.contract.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});

adaptersContract('Redis Cluster', () => ({ kind: 'cluster', nodes: cluster.nodes }));

// after the connections, which the contract closes
afterAll(() => cluster.stop());
