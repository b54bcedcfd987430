import { findRedis } from './find-redis.ts';

/** Before all tests: a real Redis. Its URL is in TEST_REDIS_URL for every test. */
export default async function setUp(): Promise<void> {
  const found = await findRedis();
  process.env['TEST_REDIS_URL'] = found.url;
  (globalThis as { stopTestRedis?: () => Promise<void> }).stopTestRedis = found.stop;
}
