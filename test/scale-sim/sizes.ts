import type { Stores } from '@sluice/store/ports';
import { chargesOf } from './calls.ts';
import type { Shards } from './shards.ts';

export const SIZES = {
  key: 'a key of the registry, with its name',
  meters: "a caller's four meters, in use",
  call: 'a call under way, and five minutes after it',
  entry: 'a cache entry of an answer of 1 KB',
  record: 'an audit record',
} as const;

/** Bytes per entry of each kind. */
export type Sizes = Readonly<Record<keyof typeof SIZES, number>>;

const KEYS = 200;
const TENANT = 'of-known-size';

/** Measures Redis' memory per entry of each kind (MEMORY USAGE). */
export async function measureSizes({ meters, keys }: Stores, shards: Shards): Promise<Sizes> {
  const hash = (n: number): string => n.toString(16).padStart(64, '0');
  for (let n = 0; n < KEYS; n++) {
    const limits = { requests: { limit: 600, windowMs: 60_000 }, tokens: { limit: 1e6, windowMs: 60_000 }, concurrent: 50 };
    await keys.put({ name: `sized-${n}`, hash: hash(n), tenant: TENANT, limits, createdAtMs: Date.now() });
  }
  await meters.reserve({
    tenant: TENANT,
    subject: 'one',
    callId: 'a-call-of-thirty-six-letters-of-an-id',
    charges: chargesOf(Date.now()),
  });
  const found = async (pattern: string): Promise<number[]> => {
    const sizes: number[] = [];
    for (const client of shards.clients) {
      const [, names] = await client.scan('0', 'MATCH', pattern, 'COUNT', 1_000_000);
      for (const name of names.slice(0, 500)) sizes.push(Number(await client.memory('USAGE', name, 'SAMPLES', 0)));
    }
    if (sizes.length === 0) throw new Error(`nothing is called ${pattern}`);
    return sizes;
  };
  const mean = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
  let records = 0;
  for (const client of shards.clients) {
    const [, names] = await client.scan('0', 'MATCH', 'sluice:{audit:*}:stream', 'COUNT', 1_000_000);
    for (const name of names) records += await client.xlen(name);
  }
  return {
    key: sum([...(await found('sluice:{keys}:records')), ...(await found('sluice:{keys}:names'))]) / KEYS,
    meters: sum(await found(`sluice:{t:${TENANT}}:subject:*`)),
    call: sum(await found(`sluice:{t:${TENANT}}:calls:*`)),
    entry: mean(await found('sluice:cache:*')),
    record: sum(await found('sluice:{audit:*}:stream')) / records,
  };
}

export function sizesTable(sizes: Sizes): string {
  const rows = (Object.keys(SIZES) as (keyof Sizes)[]).map((name) => `| ${SIZES[name]} | ${sizes[name].toFixed(0)} |`);
  return ['| what | bytes in Redis |', '|---|---|', ...rows].join('\n');
}
