import type { Redis } from 'ioredis';

/** CPU time of `REFERENCE` on the machine of docs/performance.md without other load, in microseconds. */
const REFERENCE_US = 400;
const REFERENCE_RUNS = 20;
/** Work like that of the gateway's scripts: JSON, strings and a hash with the ids of calls. */
const REFERENCE = `
  for i = 1, 100 do
    local call = cjson.decode(cjson.encode({ i, 'aaaaaaaa-bbbb-4ccc-8ddd-' .. i }))
    redis.call('HSET', KEYS[1], call[2], '1')
  end
  redis.call('DEL', KEYS[1])
`;

/** Returns the CPU time that a server has used, in microseconds. */
export async function cpuUs(client: Redis): Promise<number> {
  const info = await client.info('cpu');
  const seconds = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}

/** Returns how much slower the server is now than the reference, because of its machine or of other processes: 1 or more. */
export async function slownessOf(client: Redis): Promise<number> {
  const before = await cpuUs(client);
  for (let n = 0; n < REFERENCE_RUNS; n++) await client.eval(REFERENCE, 1, 'reference');
  return Math.max(1, ((await cpuUs(client)) - before) / REFERENCE_RUNS / REFERENCE_US);
}
