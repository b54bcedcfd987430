import type { RedisServer } from '../support/redis-server.ts';
import type { GatewayPeer, Peer } from './peers.ts';
import type { Load, LoadResult, Rig } from './rig.ts';
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

/** Headers that look up the cache and always miss, because nothing is stored. */
export const LIVE = { 'cache-control': 'no-store', 'x-sluice-cache-namespace': 'empty' };

export interface Measured extends LoadResult {
  /** CPU time of the peer per request, in microseconds. */
  readonly cpu: number;
}

/** Puts a load on a peer and returns its CPU time per request. */
export async function measure(
  { rig, folder }: Pick<Bench, 'rig' | 'folder'>,
  peer: Peer,
  body: Body,
  load: Pick<Load, 'connections' | 'seconds'> & Partial<Pick<Load, 'headers' | 'rate'>>,
): Promise<Measured> {
  const before = peer.cpu();
  const headers = { ...peer.headers, ...load.headers };
  const result = await rig.load({ ...load, headers, port: peer.port, path: pathOf(body), bodyFile: bodyFile(folder, body) });
  if (result.answered === 0 || result.errors > result.answered / 1_000) {
    throw new Error(`${peer.name}: ${result.errors} connections broke, and ${result.answered} requests were answered`);
  }
  return { ...result, cpu: (peer.cpu() - before) / result.answered };
}

/** Like `measure`, but requires 200 for all requests. */
export async function measureServed(...args: Parameters<typeof measure>): Promise<Measured> {
  const measured = await measure(...args);
  if (measured.refused > measured.answered / 1_000)
    throw new Error(`${args[1].name}: ${measured.refused} of ${measured.answered} were refused`);
  return measured;
}

/** Returns the median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
