import type { Bench } from './bench.ts';
import { type CacheTiersCost, measureCacheTiers } from './cache-tiers.ts';
import { type Calls, measureCalls } from './calls.ts';
import { type Frontier, measureFrontier } from './frontier.ts';
import { type Garbage, measureGarbage } from './garbage.ts';
import { overGate, type Results } from './goals.ts';
import { measureGrowth } from './growth.ts';
import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import { measureMetricsPage } from './metrics-page.ts';
import { type Options, PARTS, type Part } from './options.ts';
import { type ProfilePart, profileLive } from './profile.ts';
import { countTrips } from './redis-cost.ts';
import { measureRedisByKeys, type RedisByKeys } from './redis-keys.ts';
import { measureStart } from './start.ts';
import { measureTranslation, type TranslationCost } from './translation.ts';
import { measureTwoProcesses } from './two-processes.ts';

/** The figures of a run. A part that did not run is absent. */
export interface Found {
  results: Results;
  calls?: Calls;
  redis?: RedisByKeys;
  garbage?: Garbage;
  cache?: CacheTiersCost;
  profile?: readonly ProfilePart[];
  frontier?: Frontier;
  translation?: readonly TranslationCost[];
}

/** Runs the chosen parts one after the other. */
export async function runParts(bench: Bench, { parts, calls }: Options): Promise<Found> {
  const found: Found = { results: {} };
  const steps = stepsOf(bench, found, calls);
  for (const part of PARTS) {
    if (!parts.has(part)) continue;
    const began = performance.now();
    Object.assign(found.results, await steps[part]());
    bench.say(`${part}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  }
  return found;
}

/** Returns the measurement of each part. A part with more than goals adds its figures to those found. */
function stepsOf(bench: Bench, found: Found, manyCalls: number): Record<Part, () => Promise<Results>> {
  return {
    async calls() {
      found.calls = await measureCalls(bench, (results) => overGate(results).length === 0);
      return found.calls.results;
    },
    async redis() {
      found.redis = await measureRedisByKeys(bench);
      return { ...(await countTrips(bench)), ...found.redis.results };
    },
    async garbage() {
      found.garbage = await measureGarbage(bench);
      return found.garbage.results;
    },
    async cache() {
      found.cache = await measureCacheTiers(bench);
      return found.cache.results;
    },
    start: () => measureStart(bench),
    metrics: () => measureMetricsPage(bench),
    latency: () => measureLatency(bench),
    replicas: () => measureTwoProcesses(bench),
    async profile() {
      found.profile = await profileLive(bench);
      return {};
    },
    async peers() {
      found.frontier = await measureFrontier(bench);
      return {};
    },
    growth: () => measureGrowth(bench),
    async translation() {
      found.translation = measureTranslation();
      return {};
    },
    memory: () => measureMemory(bench, manyCalls),
  };
}
