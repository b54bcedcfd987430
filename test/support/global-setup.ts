import { findRedis } from './find-redis.ts';

/** Finds or starts a real Redis before all tests. Every test finds its URL in TEST_REDIS_URL. */
export default async function setUp(): Promise<void> {
  const found = await findRedis();
  process.env['TEST_REDIS_URL'] = found.url;
  (globalThis as { stopTestRedis?: () => Promise<void> }).stopTestRedis = found.stop;
}
