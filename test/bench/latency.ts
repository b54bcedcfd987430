import { type Bench, LIVE, measureServed, median } from './bench.ts';
import type { Results } from './goals.ts';
import type { Peer } from './peers.ts';

const RATE = 200;
const ROUNDS = 3;

/** Measures the latency that the gateway adds to the upstream's, at a rate that saturates no process. */
export async function measureLatency(bench: Bench): Promise<Results> {
  const { rig, gateway } = bench;
  const alone: Peer = { name: 'the upstream alone', port: rig.upstreamPort, child: rig.upstream, headers: {}, cpu: () => 0 };
  const added: Record<'p50' | 'p99' | 'firstByte', number[]> = { p50: [], p99: [], firstByte: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const load = { connections: 16, seconds: bench.quick ? 3 : 5, rate: RATE, headers: LIVE };
    const without = await measureServed(bench, alone, 'whole', load);
    const with_ = await measureServed(bench, gateway, 'whole', load);
    added.p50.push(with_.p50Micros - without.p50Micros);
    added.p99.push(with_.p99Micros - without.p99Micros);
    const streams = { connections: 16, seconds: 3, rate: 20, headers: { 'cache-control': 'no-store' } };
    const first = await measureServed(bench, alone, 'stream', streams);
    const firstWith = await measureServed(bench, gateway, 'stream', streams);
    added.firstByte.push((firstWith.firstByteMicros ?? Number.NaN) - (first.firstByteMicros ?? Number.NaN));
  }
  const ms = (values: readonly number[]): number => median(values) / 1_000;
  return { addedP50: ms(added.p50), addedP99: ms(added.p99), addedFirstByte: ms(added.firstByte) };
}
