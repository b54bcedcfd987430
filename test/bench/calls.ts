import { type Bench, LIVE, type Measured, measure, measureServed } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, startGateway } from './peers.ts';
import { type Body, configuration } from './workload.ts';

const EVENTS = 50;

/** Short turns, so that a temporary disturbance of the machine affects all scenarios. */
const SECONDS = 1;

interface Scenario {
  readonly name: string;
  readonly peer: 'bare' | 'sluice' | 'badKey' | 'fullMeter';
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** Calls per second, if all peers get the same rate. */
  readonly rate?: number;
  /** Skipped in a short run. */
  readonly slow?: true;
}

/**
 * Below the capacity of every peer. At its capacity a peer works through longer queues with fewer system calls per request, and
 * so that the slower peer would use fewer system calls.
 */
const RATE = 800;

const SCENARIOS = {
  bare: { name: 'bare, live', peer: 'bare', body: 'whole' },
  live: { name: 'Sluice, live', peer: 'sluice', body: 'whole', headers: LIVE },
  kept: {
    name: 'Sluice, live, answers kept',
    peer: 'sluice',
    body: 'whole',
    headers: { 'cache-control': 'no-cache' },
    slow: true,
  },
  translated: { name: 'Sluice, live, translated', peer: 'sluice', body: 'whole-translated', headers: LIVE, slow: true },
  hit: { name: 'Sluice, cache hit', peer: 'sluice', body: 'whole' },
  bareRate: { name: `bare, live, ${RATE}/s`, peer: 'bare', body: 'whole', rate: RATE, slow: true },
  liveRate: { name: `Sluice, live, ${RATE}/s`, peer: 'sluice', body: 'whole', headers: LIVE, rate: RATE, slow: true },
  hitRate: { name: `Sluice, cache hit, ${RATE}/s`, peer: 'sluice', body: 'whole', rate: RATE, slow: true },
  bareLong: { name: 'bare, 50 KB prompt', peer: 'bare', body: 'long', slow: true },
  long: { name: 'Sluice, live, 50 KB prompt', peer: 'sluice', body: 'long', headers: LIVE },
  badKey: { name: 'Sluice, bad key refused', peer: 'badKey', body: 'whole' },
  fullMeter: { name: 'Sluice, full meter refuses', peer: 'fullMeter', body: 'whole' },
  bareEvent: { name: 'bare, streamed event', peer: 'bare', body: 'stream' },
  event: { name: 'Sluice, streamed event', peer: 'sluice', body: 'stream', headers: { 'cache-control': 'no-store' } },
  eventTranslated: {
    name: 'Sluice, streamed event, translated',
    peer: 'sluice',
    body: 'stream-translated',
    headers: { 'cache-control': 'no-store' },
    slow: true,
  },
} as const satisfies Record<string, Scenario>;

type ScenarioName = keyof typeof SCENARIOS;

const isStream = ({ body }: Scenario): boolean => body.startsWith('stream');

export interface Calls {
  /** The turn with the least CPU time per scenario. */
  readonly best: ReadonlyMap<ScenarioName, Measured>;
  readonly results: Results;
  readonly rounds: number;
  readonly seconds: number;
}

/**
 * Measures CPU time per request or event, of the gateway and of the bare pass-through in turn.
 *
 * @param enough called after each of the later rounds; returns whether the results suffice
 */
export async function measureCalls(bench: Bench, enough: (results: Results) => boolean): Promise<Calls> {
  const { rig, redis, folder, quick, bare, gateway, say } = bench;
  const refusing = async (config: string): Promise<GatewayPeer> => startGateway(rig, { config, redisUrl: redis.url, folder });
  const badKey = await refusing(configuration(rig.upstreamPort, { secret: 'sk-of-somebody-else' }));
  const fullMeter = await refusing(configuration(rig.upstreamPort, { requests: 1 }));
  const peers = { bare, sluice: gateway, badKey, fullMeter };
  const names = (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) => !quick || !('slow' in SCENARIOS[name]));
  const best = new Map<ScenarioName, Measured>();
  const turn = async (name: ScenarioName, seconds: number): Promise<Measured> => {
    const { peer, body, ...scenario } = SCENARIOS[name];
    const served = peer === 'bare' || peer === 'sluice';
    const headers = 'headers' in scenario ? scenario.headers : {};
    const connections = isStream(SCENARIOS[name]) ? EVENTS : 32;
    const rate = 'rate' in scenario ? { rate: scenario.rate } : {};
    const found = await (served ? measureServed : measure)(bench, peers[peer], body, { connections, seconds, headers, ...rate });
    if (!served && found.refused < found.answered * 0.98)
      throw new Error(`${name}: ${found.answered - found.refused} were served`);
    return isStream(SCENARIOS[name]) ? { ...found, cpu: found.cpu / EVENTS } : found;
  };
  const [least, most] = quick ? [3, 8] : [6, 6];
  let rounds = 0;
  try {
    // code that is not compiled yet costs several times as much
    for (const name of names) await turn(name, quick ? 3 : 5);
    do {
      rounds++;
      for (const name of names) {
        const found = await turn(name, SECONDS);
        if (found.cpu < (best.get(name)?.cpu ?? Number.POSITIVE_INFINITY)) best.set(name, found);
      }
      say(`round ${rounds}: ${names.map((name) => `${name} ${best.get(name)?.cpu.toFixed(0)}`).join(', ')} µs`);
    } while (rounds < least || (rounds < most && !enough(ratios(best))));
  } finally {
    badKey.child.kill('SIGKILL');
    fullMeter.child.kill('SIGKILL');
  }
  return { best, results: ratios(best), rounds, seconds: SECONDS };
}

function ratios(best: ReadonlyMap<ScenarioName, Measured>): Results {
  const of = (name: ScenarioName): number => best.get(name)?.cpu ?? Number.NaN;
  return {
    live: of('live') / of('bare'),
    hit: of('hit') / of('bare'),
    event: of('event') / of('bareEvent'),
    badKey: of('badKey') / of('bare'),
    fullMeter: of('fullMeter') / of('bare'),
    longPrompt: of('long') / of('live'),
  };
}

export function callsTable({ best }: Calls): string {
  const rows = [...best].map(([name, one]) => {
    const stream = isStream(SCENARIOS[name]);
    const base = best.get(stream ? 'bareEvent' : 'rate' in SCENARIOS[name] ? 'bareRate' : 'bare') as Measured;
    const cells = [
      SCENARIOS[name].name,
      `${one.cpu.toFixed(stream ? 1 : 0)} µs`,
      (one.cpu / base.cpu).toFixed(2),
      one.perSecond.toFixed(0),
      `${(one.p50Micros / 1_000).toFixed(2)} ms`,
      `${(one.p99Micros / 1_000).toFixed(2)} ms`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| what | CPU each | × bare | requests/s | p50 | p99 |', '|---|---|---|---|---|---|', ...rows].join('\n');
}
