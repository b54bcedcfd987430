import { type Body, LIVE } from './workload.ts';

/** Events of a stream, and streams at a time. */
export const EVENTS = 50;

export interface Scenario {
  readonly name: string;
  readonly peer: 'bare' | 'sluice' | 'plain' | 'unlimited' | 'badKey' | 'fullMeter';
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

const STREAMED = { 'cache-control': 'no-store' };

export const SCENARIOS = {
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
  unlimited: { name: 'Sluice, live, a key without limits', peer: 'unlimited', body: 'whole', headers: LIVE, slow: true },
  plain: { name: 'Sluice, live, a key without limits, no Redis', peer: 'plain', body: 'whole', headers: LIVE },
  hit: { name: 'Sluice, cache hit', peer: 'sluice', body: 'whole' },
  bareRate: { name: `bare, live, ${RATE}/s`, peer: 'bare', body: 'whole', rate: RATE, slow: true },
  liveRate: { name: `Sluice, live, ${RATE}/s`, peer: 'sluice', body: 'whole', headers: LIVE, rate: RATE, slow: true },
  hitRate: { name: `Sluice, cache hit, ${RATE}/s`, peer: 'sluice', body: 'whole', rate: RATE, slow: true },
  bareLong: { name: 'bare, 50 KB prompt', peer: 'bare', body: 'long', slow: true },
  long: { name: 'Sluice, live, 50 KB prompt', peer: 'sluice', body: 'long', headers: LIVE },
  badKey: { name: 'Sluice, bad key refused', peer: 'badKey', body: 'whole' },
  fullMeter: { name: 'Sluice, full meter refuses', peer: 'fullMeter', body: 'whole' },
  bareEvent: { name: 'bare, streamed event', peer: 'bare', body: 'stream' },
  event: { name: 'Sluice, streamed event', peer: 'sluice', body: 'stream', headers: STREAMED },
  eventTranslated: { name: 'Sluice, streamed event, translated', peer: 'sluice', body: 'stream-translated', headers: STREAMED },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export const scenarioOf = (name: ScenarioName): Scenario => SCENARIOS[name];

export const isStream = (name: ScenarioName): boolean => SCENARIOS[name].body.startsWith('stream');

/** Returns the scenario of the bare pass-through with the same load. */
export function baseOf(name: ScenarioName): ScenarioName {
  if (isStream(name)) return 'bareEvent';
  return scenarioOf(name).rate === undefined ? 'bare' : 'bareRate';
}
