import { type Bench, type Measured, MIN_SHARE, measure, measureServed, undisturbed, warmUp } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, type Peer, startGateway } from './peers.ts';
import { baseOf, EVENTS, isStream, SCENARIOS, type Scenario, type ScenarioName, scenarioOf } from './scenarios.ts';
import { inOrderOf, median, ratioOfRounds } from './statistics.ts';
import { configuration, LIVE } from './workload.ts';

/** Short turns, so that a temporary disturbance of the machine affects all scenarios. */
const SECONDS = 1;
const CONNECTIONS = 32;
const WARM_UP_CALLS = 6_000;
/** The full meter admits one request per minute. A turn may be at the border of two minutes. */
const MOST_ADMITTED = 2;

type Turns = ReadonlyMap<ScenarioName, readonly Measured[]>;
type PeerName = Scenario['peer'];

export interface Calls {
  /** The turn of each round, per scenario. */
  readonly turns: Turns;
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
  const { quick, say } = bench;
  const names = (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) => !quick || scenarioOf(name).slow !== true);
  const turns = new Map<ScenarioName, Measured[]>(names.map((name) => [name, []]));
  const [least, most] = quick ? [4, 6] : [8, 8];
  const further = await startFurther(bench, names);
  const peers: Peers = { bare: bench.bare, sluice: bench.gateway, ...further };
  let rounds = 0;
  try {
    // code that is not compiled yet costs several times as much
    for (const name of ['plain', 'unlimited'] as const) {
      const peer = peers[name];
      // the other processes also serve the calls of further scenarios
      if (peer !== undefined) await warmUp(bench, peer, WARM_UP_CALLS, LIVE);
    }
    for (const name of names) await turnOf(bench, peers, name, quick ? 2 : 5);
    do {
      rounds++;
      for (const name of inOrderOf(names, rounds)) {
        turns.get(name)?.push(await undisturbed(() => turnOf(bench, peers, name, SECONDS)));
      }
      const round = names.map((name) => `${name} ${turns.get(name)?.at(-1)?.cpu.toFixed(0)}`);
      say(`round ${rounds}: ${round.join(', ')} µs`);
    } while (rounds < least || (rounds < most && !enough(resultsOf(turns))));
  } finally {
    for (const { child } of Object.values(further)) child.kill('SIGKILL');
  }
  return { turns, results: resultsOf(turns), rounds, seconds: SECONDS };
}

type Further = Exclude<PeerName, 'bare' | 'sluice'>;
type Peers = Partial<Record<PeerName, Peer>>;

/** Starts the gateways that only this part of the bench needs. */
async function startFurther(bench: Bench, names: readonly ScenarioName[]): Promise<Partial<Record<Further, GatewayPeer>>> {
  const { rig, redis, folder } = bench;
  const configured: Record<Further, Parameters<typeof configuration>[1]> = {
    badKey: { secret: 'sk-of-another-caller' },
    fullMeter: { requests: 1 },
    unlimited: { limits: false },
    plain: { limits: false },
  };
  const started: Partial<Record<Further, GatewayPeer>> = {};
  for (const name of Object.keys(configured) as Further[]) {
    if (!names.some((scenario) => SCENARIOS[scenario].peer === name)) continue;
    const config = configuration(rig.upstreamPort, configured[name]);
    started[name] = await startGateway(rig, { config, folder, ...(name === 'plain' ? {} : { redisUrl: redis.url }) });
  }
  return started;
}

/** Runs one turn. @throws Error if a connection breaks, a call is refused, or a call is served that the scenario refuses */
async function turnOf(bench: Bench, peers: Peers, name: ScenarioName, seconds: number): Promise<Measured> {
  const { peer: peerName, body, headers = {}, rate } = scenarioOf(name);
  const load = { connections: isStream(name) ? EVENTS : CONNECTIONS, seconds, headers, ...(rate === undefined ? {} : { rate }) };
  const peer = peers[peerName] as Peer;
  if (peerName === 'badKey' || peerName === 'fullMeter') {
    const found = await measure(bench, peer, body, load);
    const served = found.answered - found.refused;
    if (served > (peerName === 'badKey' ? 0 : MOST_ADMITTED)) throw new Error(`${name}: ${served} were served`);
    return found;
  }
  const found = await measureServed(bench, peer, body, load);
  return isStream(name) ? { ...found, cpu: found.cpu / EVENTS } : found;
}

const cpusOf = (turns: Turns, name: ScenarioName): number[] => (turns.get(name) ?? []).map(({ cpu }) => cpu);

/** Returns the goals' figures: medians of the ratios of the same round. */
function resultsOf(turns: Turns): Results {
  const ratio = (name: ScenarioName, base: ScenarioName = 'bare'): number =>
    ratioOfRounds(cpusOf(turns, name), cpusOf(turns, base));
  return {
    live: ratio('live'),
    hit: ratio('hit'),
    plain: ratio('plain'),
    event: ratio('event', 'bareEvent'),
    eventTranslated: ratio('eventTranslated', 'bareEvent'),
    badKey: ratio('badKey'),
    fullMeter: ratio('fullMeter'),
    longPrompt: ratio('long', 'live'),
  };
}

/** Returns the share of CPU of the median turn; with a mark if one of the turns was disturbed. */
function shareText(turns: readonly Measured[]): string {
  const shares = turns.map(({ share }) => share);
  const percent = `${(median(shares) * 100).toFixed(0)} %`;
  return shares.some((share) => share < MIN_SHARE) ? `${percent} (!)` : percent;
}

export function callsTable({ turns, rounds, seconds }: Calls): string {
  const rows = [...turns].map(([name, ofName]) => {
    const digits = isStream(name) ? 1 : 0;
    const of = (field: keyof Measured): number => median(ofName.map((turn) => turn[field] as number));
    const cpus = cpusOf(turns, name);
    const cells = [
      scenarioOf(name).name,
      `${median(cpus).toFixed(digits)} µs`,
      `${Math.min(...cpus).toFixed(digits)} µs`,
      (median(cpus) / median(cpusOf(turns, baseOf(name)))).toFixed(2),
      of('perSecond').toFixed(0),
      `${(of('p50Micros') / 1_000).toFixed(2)} ms`,
      `${(of('p99Micros') / 1_000).toFixed(2)} ms`,
      shareText(ofName),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const steal = median([...turns.values()].flat().map((turn) => turn.steal));
  const long = ratioOfRounds(cpusOf(turns, 'bareLong'), cpusOf(turns, 'bare'));
  return [
    `Medians of ${rounds} interleaved turns of ${seconds} s, and the best CPU time:`,
    '',
    '| what | CPU each | best | × bare | requests/s | p50 | p99 | share of CPU |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    `The hypervisor took ${(steal * 100).toFixed(1)} % of the measured CPU (median of the turns).`,
    `(!) marks a scenario with a turn below ${MIN_SHARE * 100} % of the CPU after two repetitions.`,
    ...(turns.has('bareLong') ? [`A 50 KB prompt costs the bare pass-through ${long.toFixed(2)} times its 2 KB prompt.`] : []),
  ].join('\n');
}
