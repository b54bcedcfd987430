import { spawnSync } from 'node:child_process';
import { ensureRedisServer, startRedisServer } from './redis-server.ts';

export interface FoundRedis {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const say = (text: string): void => void process.stderr.write(`test: ${text}\n`);

/**
 * Finds a real Redis for the tests: the one that TEST_REDIS_URL names, else a container, else a `redis-server` of the machine,
 * else an installed one. Prints the choice.
 */
export async function findRedis(): Promise<FoundRedis> {
  const given = process.env['TEST_REDIS_URL'];
  if (given !== undefined) {
    say('Redis is the one of TEST_REDIS_URL');
    return { url: given, stop: async () => {} };
  }
  if (spawnSync('docker', ['info'], { timeout: 10_000 }).status === 0) {
    try {
      const { RedisContainer } = await import('@testcontainers/redis');
      const container = await new RedisContainer('redis:8').start();
      say('Redis is a container (redis:8)');
      // testcontainers returns the engine's host name, but published ports are reached through loopback
      return { url: `redis://127.0.0.1:${container.getPort()}`, stop: async () => void (await container.stop()) };
    } catch (error) {
      say(`a container engine answers, but it could not run redis:8 (${String(error).split('\n')[0]}); using redis-server`);
    }
  }
  ensureRedisServer();
  const server = await startRedisServer();
  say('Redis is a redis-server of this machine');
  return { url: server.url, stop: () => server.stop() };
}
