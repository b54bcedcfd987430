import { type Bench, measureServed } from './bench.ts';
import { startLiteLlm } from './litellm.ts';
import { startNginx, startPortkey } from './other-gateways.ts';
import type { Peer } from './peers.ts';
import { LIVE } from './workload.ts';

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128];
const QUICK_CONNECTIONS = [4, 32];
const SLUICE = 'Sluice, live';
const LITELLM = 'LiteLLM';
/** LiteLLM serves about a hundred calls per second: more connections only make a longer queue. */
const FEW = 8;

/** The throughput of a peer, its latency at the 99th percentile, and its CPU time per call. */
export interface FrontierPoint {
  readonly peer: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
}

export interface Frontier {
  readonly points: readonly FrontierPoint[];
  /** A sentence for each peer that could not be started. */
  readonly missing: readonly string[];
}

/**
 * Measures throughput against p99 with a growing number of callers. Compares Sluice with everything enabled to the bare
 * pass-through, to nginx and Portkey's gateway, which do less, and to LiteLLM with rate limits in Redis.
 */
export async function measureFrontier(bench: Bench): Promise<Frontier> {
  const { rig, redis, folder, bare, gateway, say } = bench;
  const missing: string[] = [];
  const others: Peer[] = [];
  const starts: Readonly<Record<string, () => Promise<Peer>>> = {
    nginx: () => startNginx(rig, folder),
    "Portkey's gateway": () => startPortkey(rig),
    [LITELLM]: () => startLiteLlm(rig, redis),
  };
  try {
    for (const [name, start] of Object.entries(starts)) {
      try {
        others.push(await start());
      } catch (error) {
        missing.push(`${name} is not in this run: ${error instanceof Error ? error.message : String(error)}.`);
        say(missing.at(-1) as string);
      }
    }
    const sluice: Peer = { ...gateway, name: SLUICE };
    const peers = [bare, ...others, sluice, { ...gateway, name: 'Sluice, from its cache' }];
    return { points: await pointsOf(bench, peers), missing };
  } finally {
    for (const { child } of others) child.kill('SIGTERM');
  }
}

async function pointsOf(bench: Bench, peers: readonly Peer[]): Promise<FrontierPoint[]> {
  const points: FrontierPoint[] = [];
  const measurePeer = async (peer: Peer, connections: number, seconds: number): Promise<FrontierPoint> => {
    const headers = peer.name === SLUICE ? LIVE : {};
    const found = await measureServed(bench, peer, 'whole', { connections, seconds, headers });
    return { peer: peer.name, connections, perSecond: found.perSecond, p99Ms: found.p99Micros / 1_000, cpuMicros: found.cpu };
  };
  const most = (peer: Peer): number => (peer.name === LITELLM ? FEW : Number.POSITIVE_INFINITY);
  for (const peer of peers) await measurePeer(peer, Math.min(32, most(peer)), bench.quick ? 2 : 5);
  for (const connections of bench.quick ? QUICK_CONNECTIONS : CONNECTIONS) {
    for (const peer of peers) if (connections <= most(peer)) points.push(await measurePeer(peer, connections, 2));
  }
  return points;
}

/** Returns the point with the highest throughput. */
export function bestPoint(points: readonly FrontierPoint[], peer: string): FrontierPoint | undefined {
  return points.filter((point) => point.peer === peer).sort((one, other) => other.perSecond - one.perSecond)[0];
}

export function frontierTable({ points, missing }: Frontier): string {
  const sluice = bestPoint(points, SLUICE)?.perSecond ?? Number.NaN;
  const rows = [...new Set(points.map(({ peer }) => peer))].map((peer) => {
    const { perSecond, p99Ms, connections, cpuMicros } = bestPoint(points, peer) as FrontierPoint;
    const cells = [
      peer,
      perSecond.toFixed(0),
      (perSecond / sluice).toFixed(2),
      `${cpuMicros.toFixed(0)} µs`,
      `${p99Ms.toFixed(2)} ms`,
      connections,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| peer | requests/s on one core | × Sluice, live | CPU a request | p99 there | with connections |',
    '|---|---|---|---|---|---|',
    ...rows,
    ...(missing.length === 0 ? [] : ['', ...missing]),
  ].join('\n');
}

const PEER_NAMES = {
  bare: 'a bare Express pass-through',
  nginx: 'nginx',
  Portkey: "Portkey's gateway",
  [LITELLM]: 'LiteLLM with rate limits',
};

/** Returns the README's sentence: the throughput of Sluice's live calls, in comparison. */
export function frontierSentence({ points }: Frontier): string {
  const sluice = bestPoint(points, SLUICE);
  if (sluice === undefined) throw new Error('the run has no figures of Sluice');
  const others = Object.entries(PEER_NAMES).flatMap(([peer, name]) => {
    const found = bestPoint(points, peer);
    return found === undefined ? [] : [`${name} serves ${found.perSecond.toFixed(0)}`];
  });
  const compared = others.length === 0 ? '' : ` In the same run, ${new Intl.ListFormat('en').format(others)}.`;
  return `On one core, with all features on, Sluice serves ${sluice.perSecond.toFixed(0)} live calls per second.${compared}`;
}
