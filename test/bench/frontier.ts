import { type Bench, LIVE, measureServed } from './bench.ts';
import { type Peer, startNginx, startPortkey } from './peers.ts';

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128];

/** The throughput of a peer, and its latency at the 99th percentile. */
export interface FrontierPoint {
  readonly peer: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

/**
 * Measures throughput against p99 with a growing number of callers. Compares Sluice with everything enabled to peers that do
 * less: nginx, Portkey's gateway and the bare pass-through.
 */
export async function measureFrontier(bench: Bench): Promise<FrontierPoint[]> {
  const { rig, folder, bare, gateway, say } = bench;
  const [nginx, portkey] = [await startNginx(rig, folder), await startPortkey(rig)];
  if (nginx === undefined) say('nginx is not installed here, and is left out');
  if (portkey === undefined) say("Portkey's gateway could not be had from npm, and is left out");
  const sluiceHits: Peer = { ...gateway, name: 'Sluice, from its cache' };
  const sluice: Peer = { ...gateway, name: 'Sluice, live' };
  const peers = [bare, nginx, portkey, sluice, sluiceHits].filter((peer) => peer !== undefined);
  const points: FrontierPoint[] = [];
  try {
    for (const peer of peers)
      await measureServed(bench, peer, 'whole', { connections: 32, seconds: 5, headers: headersOf(peer) });
    for (const connections of CONNECTIONS) {
      for (const peer of peers) {
        const { perSecond, p99Micros } = await measureServed(bench, peer, 'whole', {
          connections,
          seconds: 2,
          headers: headersOf(peer),
        });
        points.push({ peer: peer.name, connections, perSecond, p99Ms: p99Micros / 1_000 });
      }
    }
  } finally {
    nginx?.child.kill('SIGKILL');
    portkey?.child.kill('SIGKILL');
  }
  return points;
}

const headersOf = ({ name }: Peer): Readonly<Record<string, string>> => (name === 'Sluice, live' ? LIVE : {});

export function frontierTable(points: readonly FrontierPoint[]): string {
  const peers = [...new Set(points.map(({ peer }) => peer))];
  const most = (peer: string): FrontierPoint =>
    points.filter((point) => point.peer === peer).reduce((one, other) => (other.perSecond > one.perSecond ? other : one));
  const rows = peers.map((peer) => {
    const { perSecond, p99Ms, connections } = most(peer);
    return `| ${peer} | ${perSecond.toFixed(0)} | ${p99Ms.toFixed(2)} ms | ${connections} |`;
  });
  return ['| peer | most requests/s | p99 there | with connections |', '|---|---|---|---|', ...rows].join('\n');
}
