/** After all tests: the Redis that was started for them goes. */
export default async function tearDown(): Promise<void> {
  await (globalThis as { stopTestRedis?: () => Promise<void> }).stopTestRedis?.();
}
