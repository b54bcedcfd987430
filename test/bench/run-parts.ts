import type { Bench } from './bench.ts';
import { type Calls, measureCalls } from './calls.ts';
import { type Frontier, measureFrontier } from './frontier.ts';
import { type Garbage, measureGarbage } from './garbage.ts';
import { overGate, type Results } from './goals.ts';
import { measureGrowth } from './growth.ts';
import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import { measureMetricsPage } from './metrics-page.ts';
import type { Options } from './options.ts';
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
  profile?: readonly ProfilePart[];
  frontier?: Frontier;
  translation?: readonly TranslationCost[];
}

/** Runs the chosen parts one after the other. */
export async function runParts(bench: Bench, { parts, calls }: Options): Promise<Found> {
  const found: Found = { results: {} };
  const add = (results: Results): void => void Object.assign(found.results, results);
  if (parts.has('calls')) {
    found.calls = await measureCalls(bench, (results) => overGate(results).length === 0);
    add(found.calls.results);
  }
  if (parts.has('redis')) {
    add(await countTrips(bench));
    found.redis = await measureRedisByKeys(bench);
    add(found.redis.results);
  }
  if (parts.has('garbage')) {
    found.garbage = await measureGarbage(bench);
    add(found.garbage.results);
  }
  if (parts.has('start')) add(await measureStart(bench));
  if (parts.has('metrics')) add(await measureMetricsPage(bench));
  if (parts.has('latency')) add(await measureLatency(bench));
  if (parts.has('replicas')) add(await measureTwoProcesses(bench));
  if (parts.has('profile')) found.profile = await profileLive(bench);
  if (parts.has('peers')) found.frontier = await measureFrontier(bench);
  if (parts.has('growth')) add(await measureGrowth(bench));
  if (parts.has('translation')) found.translation = measureTranslation();
  if (parts.has('memory')) add(await measureMemory(bench, calls));
  return found;
}
