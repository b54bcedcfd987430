// Measures the cost of the gateway with everything enabled, as ratios to a bare pass-through that is measured in turn, and
// compares it with the goals.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureRedisServer, startRedisServer } from '../support/redis-server.ts';
import type { Bench } from './bench.ts';
import { callsTable, measureCalls } from './calls.ts';
import { type FrontierPoint, frontierTable, measureFrontier } from './frontier.ts';
import { measureGarbage } from './garbage.ts';
import { overGate, type Results } from './goals.ts';
import { measureGrowth } from './growth.ts';
import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import { measureMetricsPage } from './metrics-page.ts';
import { moveAside, startBare, startGateway } from './peers.ts';
import { plotFrontier } from './plot.ts';
import { type ProfilePart, profileLive, profileTable } from './profile.ts';
import { measureRedis } from './redis-cost.ts';
import { goalsTable, machine, machineText, writeBetween } from './report.ts';
import { startRig } from './rig.ts';
import { measureTranslation, translationReport } from './translation.ts';
import { measureTwoProcesses } from './two-processes.ts';
import { configuration } from './workload.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const { argv } = process;
const quick = argv.includes('--quick');
const gate = argv.includes('--gate');
/** Number of calls of the memory measurement. */
const manyCalls = Number(/--calls=(\d+)/.exec(argv.join(' '))?.[1] ?? 1_000_000);

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function main(): Promise<number> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const rig = await startRig();
  ensureRedisServer();
  const redis = await startRedisServer();
  moveAside(rig, redis.process);
  const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder });
  const bare = await startBare(rig);
  const bench: Bench = { rig, redis, folder, quick, bare, gateway, say };
  const results: Results = {};
  const add = (found: Results): void => void Object.assign(results, found);
  try {
    const calls = await measureCalls(bench, (found) => overGate(found).length === 0);
    add(calls.results);
    const redisCost = await measureRedis(bench);
    add(redisCost.results);
    add(await measureGarbage(bench));
    add(await measureMetricsPage(bench));
    let frontier: FrontierPoint[] = [];
    let profile: ProfilePart[] = [];
    if (!quick) {
      add(await measureLatency(bench));
      add(await measureTwoProcesses(bench));
      profile = await profileLive(bench);
      frontier = await measureFrontier(bench);
      add(await measureGrowth(bench));
    }
    add(await measureMemory(bench, manyCalls));
    const here = machine(rig.name, rig.pinning);
    const parts = [
      quick ? machineText(here) : `${machineText(here)} Memory was watched for ${manyCalls.toLocaleString('en')} calls.`,
      goalsTable(results),
      `CPU each and the rest of the best of ${calls.rounds} interleaved turns of ${calls.seconds} s:`,
      callsTable(calls),
      `Redis' own part of a live call: ${redisCost.cpu.toFixed(0)} µs of its CPU, ${(redisCost.bytesIn / 1_024).toFixed(1)} KB to it and ${(redisCost.bytesOut / 1_024).toFixed(1)} KB from it.`,
    ];
    if (!quick) {
      parts.push(
        '![Throughput against p99](measured/frontier.svg)',
        frontierTable(frontier),
        profileTable(profile),
        translationReport(measureTranslation()),
      );
    }
    const text = parts.join('\n\n');
    process.stdout.write(`${text}\n`);
    if (argv.includes('--write')) {
      mkdirSync(join(DOCS, 'measured'), { recursive: true });
      const raw = { machine: here, results, calls: Object.fromEntries(calls.best), redis: redisCost, profile, frontier };
      writeFileSync(join(DOCS, 'measured/bench.json'), `${JSON.stringify(raw, null, 2)}\n`);
      if (frontier.length > 0)
        writeFileSync(join(DOCS, 'measured/frontier.svg'), await plotFrontier(frontier, machineText(here)));
      writeBetween(join(DOCS, 'performance.md'), 'measured', text);
    }
  } finally {
    for (const { child } of [gateway, bare]) child.kill('SIGKILL');
    rig.upstream.kill('SIGKILL');
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const over = gate ? overGate(results) : [];
  for (const one of over) say(`SLOWER THAN IS LET THROUGH: ${one}`);
  say(`${over.length === 0 ? 'done' : 'failed'} after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  return over.length === 0 ? 0 : 1;
}

process.exit(await main());
