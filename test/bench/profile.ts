import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, measureServed } from './bench.ts';
import { startGateway } from './peers.ts';
import { configuration, LIVE } from './workload.ts';

const SAMPLE_MICROS = 200;
/** The share at the beginning of the profile that is start-up and compilation. */
const WARM_UP = 0.6;

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfilePart {
  readonly where: string;
  /** Share of the time that is not idle, from 0 to 1. */
  readonly share: number;
}

/**
 * Returns the CPU time of live calls by package, by module of Node.js, or by part of V8, from V8's sampling profiler
 * (`--cpu-prof`).
 */
export async function profileLive(bench: Bench): Promise<ProfilePart[]> {
  const { rig, redis, folder } = bench;
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_MICROS}`];
  const gateway = await startGateway(rig, { config: configuration(rig.upstreamPort), redisUrl: redis.url, folder, flags });
  try {
    await measureServed(bench, gateway, 'whole', { connections: 32, seconds: 14, headers: LIVE });
    gateway.child.kill('SIGTERM');
    await once(gateway.child, 'exit');
  } finally {
    gateway.child.kill('SIGKILL');
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('Node.js wrote no profile');
  return sumByPlace(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
}

function sumByPlace({ nodes, samples, timeDeltas }: CpuProfile): ProfilePart[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const from = timeDeltas.reduce((sum, delta) => sum + delta, 0) * WARM_UP;
  const places = new Map<string, number>();
  let [at, all] = [0, 0];
  samples.forEach((id, n) => {
    const delta = timeDeltas[n] ?? 0;
    at += delta;
    const { functionName = '', url = '' } = frames.get(id) ?? {};
    if (at < from || functionName === '(idle)') return;
    all += delta;
    const place = placeOf(functionName, url);
    places.set(place, (places.get(place) ?? 0) + delta);
  });
  return [...places].map(([where, micros]) => ({ where, share: micros / all })).sort((one, other) => other.share - one.share);
}

function placeOf(functionName: string, url: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : `V8 and the system: ${functionName || 'unnamed'}`;
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  if (url.startsWith('node:')) return `Node.js: ${/http|stream|net|timer|event|buffer|crypto/.exec(url)?.[0] ?? 'the rest'}`;
  return /(?:packages|services)\/[^/]+/.exec(url)?.[0] ?? url;
}

const SHOWN = 0.01;

export function profileTable(parts: readonly ProfilePart[]): string {
  const shown = parts.filter(({ share }) => share >= SHOWN);
  const rest = 1 - shown.reduce((sum, { share }) => sum + share, 0);
  const rows = [...shown, { where: 'the rest, each below 1 %', share: rest }].map(
    ({ where, share }) => `| ${where} | ${(share * 100).toFixed(1)} % |`,
  );
  return [
    `Where the CPU time of a live call goes (\`--cpu-prof\`, each function's own time):`,
    '',
    '| where | share |',
    '|---|---|',
    ...rows,
  ].join('\n');
}
