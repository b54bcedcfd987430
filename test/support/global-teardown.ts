/** Stops the Redis that was started for the tests. */
export default async function tearDown(): Promise<void> {
  await (globalThis as { stopTestRedis?: () => Promise<void> }).stopTestRedis?.();
}
