import { type Bench, LIVE, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { startGateway } from './peers.ts';
import { configuration } from './workload.ts';

/** Matches `Scavenge 30.1 (50.2) -> 12.0 (51.0) MB` in the output of V8's `--trace-gc`. */
const COLLECTION = /: (?:Scavenge|Mark-Compact)[^\d]*(?:\(reduce\) )?([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/g;

/** Measures the garbage of a live call on V8's heap. Unlike times, it is the same on every machine. */
export async function measureGarbage(bench: Bench): Promise<Results> {
  const { rig, redis, folder } = bench;
  const config = configuration(rig.upstreamPort);
  const gateway = await startGateway(rig, { config, redisUrl: redis.url, folder, flags: ['--trace-gc'] });
  try {
    await measureServed(bench, gateway, 'whole', { connections: 32, seconds: bench.quick ? 4 : 10, headers: LIVE });
    const from = gateway.output().length;
    const { answered } = await measureServed(bench, gateway, 'whole', {
      connections: 32,
      seconds: bench.quick ? 3 : 10,
      headers: LIVE,
    });
    let allocatedMb = 0;
    let left: number | undefined;
    for (const [, before, after] of gateway.output().slice(from).matchAll(COLLECTION)) {
      if (left !== undefined) allocatedMb += Number(before) - left;
      left = Number(after);
    }
    // from the first collection to the last, so that one collection is missing
    const collections = [...gateway.output().slice(from).matchAll(COLLECTION)].length;
    if (collections < 3) throw new Error(`only ${collections} collections in ${answered} calls`);
    return { garbage: ((allocatedMb * 1_024) / answered) * (collections / (collections - 1)) };
  } finally {
    gateway.child.kill('SIGKILL');
  }
}
