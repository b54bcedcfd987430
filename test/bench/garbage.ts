import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, measureServed, warmUp } from './bench.ts';
import { type GarbagePerCall, parseCollections, perCall } from './gc-trace.ts';
import type { Results } from './goals.ts';
import { startBare, startGateway } from './peers.ts';
import { configuration, LIVE } from './workload.ts';

const FLAGS = ['--trace-gc-nvp'];
/** Optimized code allocates less: with a key without limits 72 KB per call in the first 5 s of a process, then 60 to 62 KB. */
const WARM_UP_CALLS = 6_000;
/** The sums miss at most one collection at each end of the load. */
const MIN_COLLECTIONS = 10;
/** A slow machine answers fewer calls per load. */
const MAX_LOADS = 6;
/** V8 prints a line after its collection. */
const SETTLE_MS = 100;

type Kind = 'bare' | 'live' | 'hit';

export interface Garbage {
  readonly results: Results;
  readonly each: Readonly<Record<Kind, GarbagePerCall>>;
}

/** Measures the garbage of a call on V8's heap. Unlike times, it is the same on every machine. */
export async function measureGarbage(bench: Bench): Promise<Garbage> {
  const { rig, redis, folder } = bench;
  const config = configuration(rig.upstreamPort);
  const gateway = await startGateway(rig, { config, redisUrl: redis.url, folder, flags: FLAGS });
  const bare = await startBare(rig, FLAGS);
  try {
    const each = {
      bare: await garbageOf(bench, bare, {}),
      live: await garbageOf(bench, gateway, LIVE),
      hit: await garbageOf(bench, gateway, {}),
    };
    const { live, hit } = each;
    return { each, results: { garbage: live.allocatedKb, garbageHit: hit.allocatedKb, promoted: live.promotedPercent } };
  } finally {
    for (const { child } of [gateway, bare]) child.kill('SIGKILL');
  }
}

type Traced = Awaited<ReturnType<typeof startBare>>;

async function garbageOf(bench: Bench, peer: Traced, headers: Readonly<Record<string, string>>): Promise<GarbagePerCall> {
  const load = { connections: 32, headers };
  await warmUp(bench, peer, WARM_UP_CALLS, headers);
  await sleep(SETTLE_MS);
  const from = peer.output().length;
  let answered = 0;
  let sums = parseCollections('');
  for (let turn = 0; turn < MAX_LOADS && sums.count < MIN_COLLECTIONS; turn++) {
    answered += (await measureServed(bench, peer, 'whole', { ...load, seconds: bench.quick ? 2 : 10 })).answered;
    await sleep(SETTLE_MS);
    sums = parseCollections(peer.output().slice(from));
  }
  if (sums.count < MIN_COLLECTIONS) throw new Error(`${peer.name}: only ${sums.count} collections in ${answered} calls`);
  return perCall(sums, answered);
}

const NAMES: Readonly<Record<Kind, string>> = { bare: 'bare, live', live: 'Sluice, live', hit: 'Sluice, cache hit' };

export function garbageTable({ each }: Garbage): string {
  const rows = (Object.keys(NAMES) as Kind[]).map((kind) => {
    const { allocatedKb, copiedKb, promotedKb, promotedPercent, pauseMicros } = each[kind];
    const cells = [
      NAMES[kind],
      `${allocatedKb.toFixed(1)} KB`,
      `${copiedKb.toFixed(2)} KB`,
      `${promotedKb.toFixed(2)} KB`,
      `${promotedPercent.toFixed(1)} %`,
      `${pauseMicros.toFixed(0)} µs`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    'Garbage of a call (`--trace-gc-nvp`, 32 connections):',
    '',
    '| what | allocated | copied | promoted | share promoted | pauses |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
