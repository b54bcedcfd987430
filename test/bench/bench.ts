import type { RedisServer } from '../support/redis-server.ts';
import type { GatewayPeer, Peer } from './peers.ts';
import { shareOfCpu, shareOfSteal, ticksOf } from './process-cpu.ts';
import { type Load, type LoadResult, MEASURED_CPU, type Rig } from './rig.ts';
import { type Body, bodyFile, pathOf } from './workload.ts';

/** The shared parts of all measurements. */
export interface Bench {
  readonly rig: Rig;
  readonly redis: RedisServer;
  readonly folder: string;
  readonly quick: boolean;
  readonly bare: Peer;
  readonly gateway: GatewayPeer;
  say(text: string): void;
}

export interface Measured extends LoadResult {
  /** CPU time of the peer per request, in microseconds. */
  readonly cpu: number;
  /** Share of CPU that the peer got of the CPU that it could use, from 0 to 1. */
  readonly share: number;
  /** Share of the measured CPU's time that the hypervisor gave to other machines, from 0 to 1. */
  readonly steal: number;
}

/** A turn with a smaller share of CPU is repeated, and marked if it does not improve. */
export const MIN_SHARE = 0.9;
const MAX_REPEATS = 2;

type Turn = Pick<Load, 'connections' | 'seconds'> & Partial<Pick<Load, 'headers' | 'rate'>>;

/** Puts a load on a peer and returns its CPU time per request. @throws Error if a connection breaks */
export async function measure(
  { rig, folder }: Pick<Bench, 'rig' | 'folder'>,
  peer: Peer,
  body: Body,
  load: Turn,
): Promise<Measured> {
  const measuredCpu = rig.pinning ? MEASURED_CPU : undefined;
  const [before, ticks] = [peer.times(), ticksOf(measuredCpu)];
  const headers = { ...peer.headers, ...load.headers };
  const result = await rig.load({ ...load, headers, port: peer.port, path: pathOf(body), bodyFile: bodyFile(folder, body) });
  const after = peer.times();
  if (result.answered === 0 || result.errors > 0) {
    throw new Error(`${peer.name}: ${result.errors} connections broke, and ${result.answered} requests were answered`);
  }
  return {
    ...result,
    cpu: (after.runMicros - before.runMicros) / result.answered,
    share: shareOfCpu(before, after),
    steal: shareOfSteal(ticks, ticksOf(measuredCpu)),
  };
}

/** Like `measure`, but requires 200 for all requests. @throws Error if a call is refused */
export async function measureServed(...args: Parameters<typeof measure>): Promise<Measured> {
  const measured = await measure(...args);
  if (measured.refused > 0) throw new Error(`${args[1].name}: ${measured.refused} of ${measured.answered} were refused`);
  return measured;
}

const WARM_UP_TURN_S = 1;
const MAX_WARM_UP_TURNS = 10;

/**
 * Calls a peer until V8 has compiled the code of a call. A number of calls does this on a slow machine as on a fast one; a time
 * does not.
 */
export async function warmUp(
  bench: Parameters<typeof measure>[0],
  peer: Peer,
  calls: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let answered = 0;
  for (let turn = 0; turn < MAX_WARM_UP_TURNS && answered < calls; turn++) {
    const load = { connections: 32, seconds: WARM_UP_TURN_S, headers };
    answered += (await measureServed(bench, peer, 'whole', load)).answered;
  }
}

/** Repeats a turn that other processes disturbed, and returns the least disturbed one. */
export async function undisturbed(turn: () => Promise<Measured>): Promise<Measured> {
  let best = await turn();
  for (let repeat = 0; repeat < MAX_REPEATS && best.share < MIN_SHARE; repeat++) {
    const again = await turn();
    if (again.share > best.share) best = again;
  }
  return best;
}
