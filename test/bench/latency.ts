import { type Bench, type Measured, measureServed, undisturbed } from './bench.ts';
import type { Results } from './goals.ts';
import { ofProcess, type Peer } from './peers.ts';
import { inOrderOf, median } from './statistics.ts';
import { type Body, LIVE } from './workload.ts';

const RATE = 200;
const ROUNDS = 4;

type Path = 'direct' | 'bare' | 'gateway';
type Turns = Partial<Record<Path, Measured>>;
type Figure = 'p50Micros' | 'p99Micros' | 'firstByteMicros';

/**
 * Measures the latency that the gateway adds, at a rate that saturates no process. Each figure is the median of the differences
 * of the same round.
 */
export async function measureLatency(bench: Bench): Promise<Results> {
  const { rig, gateway, bare, quick } = bench;
  const direct: Peer = {
    name: 'the upstream',
    port: rig.upstreamPort,
    child: rig.upstream,
    headers: {},
    times: ofProcess(rig.upstream),
  };
  const paths: Record<Path, Peer> = { direct, bare, gateway };
  const calls = { connections: 16, seconds: quick ? 3 : 5, rate: RATE, headers: LIVE };
  const streams: typeof calls = { connections: 16, seconds: 3, rate: 20, headers: { ...LIVE } };
  const turnOf = async (path: Path, body: Body, load: typeof calls): Promise<Measured> => {
    const turn = (): Promise<Measured> => measureServed(bench, paths[path], body, load);
    // the upstream shares its CPU with the generator
    return await (path === 'direct' ? turn() : undisturbed(turn));
  };
  const whole: Turns[] = [];
  const streamed: Turns[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const [ofCalls, ofStreams]: [Turns, Turns] = [{}, {}];
    for (const path of inOrderOf(['direct', 'bare', 'gateway'] as const, round)) {
      ofCalls[path] = await turnOf(path, 'whole', calls);
      if (path !== 'bare') ofStreams[path] = await turnOf(path, 'stream', streams);
    }
    whole.push(ofCalls);
    streamed.push(ofStreams);
  }
  const added = (turns: readonly Turns[], figure: Figure, over: Path): number =>
    median(turns.map((turn) => (turn.gateway?.[figure] ?? Number.NaN) - (turn[over]?.[figure] ?? Number.NaN))) / 1_000;
  return {
    addedP50: added(whole, 'p50Micros', 'direct'),
    addedP50Bare: added(whole, 'p50Micros', 'bare'),
    addedP99: added(whole, 'p99Micros', 'direct'),
    addedFirstByte: added(streamed, 'firstByteMicros', 'direct'),
  };
}
