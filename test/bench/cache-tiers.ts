import { systemClock } from '@sluice/core';
import { comparisonWith } from '@sluice/near-match';
import { MemorySemanticIndex } from '@sluice/store/memory';
import { Redis } from 'ioredis';
import { type Bench, type Measured, measureServed, undisturbed, warmUp } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, startGateway } from './peers.ts';
import { countersOf } from './redis-cost.ts';
import { inOrderOf, median } from './statistics.ts';
import { type Body, configuration, LIVE } from './workload.ts';

const CONNECTIONS = 32;
const WARM_UP_CALLS = 4_000;
const SECONDS = 1;
/** Entries and dimensions of the index in memory, and the questions that are compared by their words, as in the gateway. */
const ENTRIES = 2_000;
const DIMENSIONS = 384;
const NEAREST = 8;
const LOOKUPS = 300;

interface TierScenario {
  readonly name: string;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
}

/** The question is stored in one wording, and asked in the same or in another one. */
const STORED = { 'x-sluice-cache-namespace': 'stored' };
const SCENARIOS = {
  exactMiss: { name: 'miss, exact only', body: 'question', headers: { ...LIVE, 'x-sluice-cache-mode': 'exact' } },
  nearMiss: { name: 'miss, exact and near', body: 'question', headers: LIVE },
  exactHit: { name: 'hit, exact', body: 'question', headers: STORED },
  nearHit: { name: 'hit, near', body: 'other-wording', headers: STORED },
  // with a lifetime of 0 s nothing is stored, so that each group of identical calls is made once
  coalesced: {
    name: `${CONNECTIONS} identical calls at a time, coalesced`,
    body: 'question',
    headers: { 'x-sluice-cache-namespace': 'empty', 'x-sluice-cache-ttl': '0', 'x-sluice-coalesce': 'on' },
  },
} as const satisfies Record<string, TierScenario>;

type ScenarioName = keyof typeof SCENARIOS;
const NAMES = Object.keys(SCENARIOS) as ScenarioName[];

interface Turn extends Measured {
  /** CPU of Redis per request, in microseconds. */
  readonly redis: number;
}

export interface CacheTiersCost {
  readonly results: Results;
  readonly turns: ReadonlyMap<ScenarioName, readonly Turn[]>;
  /** CPU of a search in memory with its comparisons by words, in microseconds. */
  readonly searchMicros: number;
}

/** Measures the CPU of a call in each tier of the cache, of the gateway and of Redis, in interleaved turns. */
export async function measureCacheTiers(bench: Bench): Promise<CacheTiersCost> {
  const { rig, redis, folder, quick } = bench;
  const config = configuration(rig.upstreamPort, { near: true });
  const gateway = await startGateway(rig, { config, redisUrl: redis.url, folder });
  const client = new Redis(redis.url);
  const turns = new Map<ScenarioName, Turn[]>(NAMES.map((name) => [name, []]));
  try {
    await warmUp(bench, gateway, WARM_UP_CALLS, LIVE);
    // also stores the question
    for (const name of NAMES) await turnOf(bench, gateway, client, SCENARIOS[name]);
    for (let round = 1; round <= (quick ? 4 : 8); round++) {
      for (const name of inOrderOf(NAMES, round)) {
        turns.get(name)?.push(await turnOf(bench, gateway, client, SCENARIOS[name]));
      }
    }
  } finally {
    gateway.child.kill('SIGKILL');
    client.disconnect();
  }
  const nearMiss = median(differencesOf(turns.get('nearMiss'), turns.get('exactMiss')));
  return { turns, results: { nearMiss }, searchMicros: await searchMicros() };
}

async function turnOf(bench: Bench, gateway: GatewayPeer, client: Redis, { body, headers }: TierScenario): Promise<Turn> {
  const before = await countersOf(client);
  let answered = 0;
  const turn = await undisturbed(async () => {
    const measured = await measureServed(bench, gateway, body, { connections: CONNECTIONS, seconds: SECONDS, headers });
    answered += measured.answered;
    return measured;
  });
  const after = await countersOf(client);
  return { ...turn, redis: (after.cpu - before.cpu) / answered };
}

/** Returns how much more CPU a call took than one of another scenario in the same round. */
const differencesOf = (of: readonly Turn[] = [], than: readonly Turn[] = []): number[] =>
  of.map(({ cpu }, n) => cpu - (than[n]?.cpu ?? Number.NaN));

/** Measures the part of the semantic tier that runs in the gateway without Redis: an exact search and the comparisons by words. */
async function searchMicros(): Promise<number> {
  const index = new MemorySemanticIndex(systemClock);
  const space = { scope: 's', namespace: '', model: 'm', context: 'c' };
  const vector = (seed: number): Float32Array => Float32Array.from({ length: DIMENSIONS }, (_, n) => Math.sin(seed * 31 + n * 7));
  const question = (n: number): string => `How do I cancel subscription number ${n} before it is renewed?`;
  const expiresAtMs = systemClock.now() + 3_600_000;
  for (let n = 0; n < ENTRIES; n++) {
    await index.add(space, vector(n), { id: String(n), digest: 'd', question: question(n), expiresAtMs });
  }
  const search = async (n: number): Promise<void> => {
    const compare = comparisonWith(question(n));
    for (const found of await index.nearest(space, vector(n + 0.5), NEAREST)) compare(found.question);
  };
  for (let n = 0; n < LOOKUPS; n++) await search(n);
  const before = process.cpuUsage();
  for (let n = 0; n < LOOKUPS; n++) await search(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / LOOKUPS;
}

export function cacheTiersTable({ turns, searchMicros: search }: CacheTiersCost): string {
  const rows = [...turns].map(([name, ofName]) => {
    const of = (field: 'cpu' | 'redis'): string => `${median(ofName.map((turn) => turn[field])).toFixed(0)} µs`;
    return `| ${SCENARIOS[name].name} | ${of('cpu')} | ${of('redis')} |`;
  });
  return [
    'A call with a short question, by tier of the cache:',
    '',
    '| what | CPU of the gateway | CPU of Redis |',
    '|---|---|---|',
    ...rows,
    '',
    `A search among ${ENTRIES.toLocaleString('en')} questions in memory (${DIMENSIONS} dimensions), with ${NEAREST} comparisons by words, takes ${(search / 1_000).toFixed(1)} ms of CPU.`,
  ].join('\n');
}
