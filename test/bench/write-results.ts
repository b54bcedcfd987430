import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheTiersTable } from './cache-tiers.ts';
import { callsTable } from './calls.ts';
import { frontierSentence, frontierTable } from './frontier.ts';
import { garbageTable } from './garbage.ts';
import { plotFrontier } from './plot.ts';
import { profileTable } from './profile.ts';
import { redisTable } from './redis-keys.ts';
import { goalsTable, type Machine, machineText, writeBetween } from './report.ts';
import type { Found } from './run-parts.ts';
import { translationReport } from './translation.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MEASURED = join(ROOT, 'docs/measured');

/** Returns the text of all measured parts. */
export function resultsText(found: Found, here: Machine, watchedCalls: number | undefined): string {
  const { results, calls, redis, garbage, cache, profile, frontier, translation } = found;
  const watched = watchedCalls === undefined ? '' : ` Memory was watched for ${watchedCalls.toLocaleString('en')} calls.`;
  const parts = [`${machineText(here)}${watched}`, goalsTable(results)];
  if (calls !== undefined) parts.push(callsTable(calls));
  if (redis !== undefined) parts.push(redisTable(redis));
  if (garbage !== undefined) parts.push(garbageTable(garbage));
  if (cache !== undefined) parts.push(cacheTiersTable(cache));
  if (frontier !== undefined) parts.push('![Throughput against p99](measured/frontier.svg)', frontierTable(frontier));
  if (profile !== undefined) parts.push(profileTable(profile));
  if (translation !== undefined) parts.push(translationReport(translation));
  return parts.join('\n\n');
}

/** Writes the results of a complete run to docs/performance.md, docs/measured/ and the README. */
export async function writeResults(found: Found, here: Machine, text: string): Promise<void> {
  const { calls, frontier } = found;
  if (calls === undefined || frontier === undefined) throw new Error('the run has no calls or no peers');
  mkdirSync(MEASURED, { recursive: true });
  const raw = { machine: here, ...found, calls: Object.fromEntries(calls.turns) };
  writeFileSync(join(MEASURED, 'bench.json'), `${JSON.stringify(raw, null, 2)}\n`);
  writeFileSync(join(MEASURED, 'frontier.svg'), await plotFrontier(frontier.points, machineText(here)));
  writeBetween(join(ROOT, 'docs/performance.md'), 'measured', text);
  writeBetween(join(ROOT, 'README.md'), 'throughput', frontierSentence(frontier));
}
