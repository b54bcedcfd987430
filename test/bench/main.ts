// Measures the cost of the gateway with everything enabled, as ratios to a bare pass-through that is measured in turn, and
// compares it with the goals.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAtExit } from '../support/kill-at-exit.ts';
import { ensureRedisServer, startRedisServer } from '../support/redis-server.ts';
import type { Bench } from './bench.ts';
import { overGate } from './goals.ts';
import { readOptions } from './options.ts';
import { moveAside, startBare, startGateway } from './peers.ts';
import { raisePriority } from './priority.ts';
import { machine } from './report.ts';
import { startRig } from './rig.ts';
import { runParts } from './run-parts.ts';
import { configuration } from './workload.ts';
import { resultsText, writeResults } from './write-results.ts';

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const began = performance.now();
  const restorePriority = raisePriority();
  if (restorePriority === undefined) say('the priority of this session stays as it is: the system permits no change');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const rig = await startRig();
  killAtExit(rig.upstream);
  // this process reads the logs of the gateways
  moveAside(rig, process);
  ensureRedisServer();
  const redis = await startRedisServer();
  moveAside(rig, redis.process);
  const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder });
  const bare = await startBare(rig);
  const bench: Bench = { rig, redis, folder, quick: options.quick, bare, gateway, say };
  const here = machine(rig.name, rig.pinning, restorePriority !== undefined);
  let over: string[] = [];
  try {
    const found = await runParts(bench, options);
    const watched = options.parts.has('memory') && !options.quick ? options.calls : undefined;
    const text = resultsText(found, here, watched);
    process.stdout.write(`${text}\n`);
    if (options.write) await writeResults(found, here, text);
    if (options.gate) over = overGate(found.results);
  } finally {
    for (const { child } of [gateway, bare]) child.kill('SIGKILL');
    rig.upstream.kill('SIGKILL');
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
    restorePriority?.();
  }
  for (const one of over) say(`SLOWER THAN IS LET THROUGH: ${one}`);
  say(`${over.length === 0 ? 'done' : 'failed'} after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  return over.length === 0 ? 0 : 1;
}

/** This process has a session of its own and would survive a killed parent. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 1_000).unref();
}

endWithParent();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.exit(await main());
