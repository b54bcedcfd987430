import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitFor } from '@sluice/core/testing';
import { freePort } from '../support/free-port.ts';
import { killAtExit } from '../support/kill-at-exit.ts';
import { pinnedTo } from './process-cpu.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/**
 * A generator and an upstream in C, if they exist next to the project. They use less of the machine than the measured
 * processes.
 */
const RIG = join(HERE, '../../../shared/bench-rig');
const run = promisify(execFile);

/** Maximum length of the kept output: a gateway logs a line per call, and its collections between them. */
const MAX_OUTPUT = 200_000_000;

/** Node option of the gateway and of the bare pass-through. */
const NURSERY = '--max-semi-space-size=32';

/** The CPU of the measured process, and the CPU of everything else. */
export const MEASURED_CPU = 1;
export const OTHER_CPU = 0;

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  readonly bodyFile: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Calls per second at fixed times, independent of earlier responses. Without a rate, each connection sends its next call
   * after the response.
   */
  readonly rate?: number;
}

export interface LoadResult {
  /** Number of responses, and of responses with another status than 200. */
  readonly answered: number;
  readonly refused: number;
  /** Broken connections. */
  readonly errors: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Time to the first byte of a stream's body; absent if the generator does not report it. */
  readonly firstByteMicros?: number;
}

/** The load generator and the upstream. */
export interface Rig {
  readonly name: string;
  readonly pinning: boolean;
  readonly upstreamPort: number;
  readonly upstream: ChildProcess;
  load(load: Load): Promise<LoadResult>;
}

export function canPin(): boolean {
  return availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;
}

/** Starts a Node.js process that prints `listening on PORT`. */
export async function startNode(
  file: string,
  environment: Readonly<Record<string, string>>,
  cpu: number,
  pinning: boolean,
  flags: readonly string[] = [],
) {
  const [command, args] = pinnedTo(cpu, pinning, process.execPath, [NURSERY, ...flags, file]);
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killAtExit(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.length < MAX_OUTPUT) output += chunk.toString();
  });
  const port = () => Number(/listening on (\d+)/.exec(output)?.[1] ?? /"url":"http:\/\/[^:]+:(\d+)"/.exec(output)?.[1] ?? 0);
  await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`${file} ended: ${output}`);
    return port() !== 0;
  }, `${file} to listen`);
  return { child, port: port(), output: () => output };
}

function compile(): string | undefined {
  if (!existsSync(RIG) || spawnSync('cc', ['--version']).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  for (const name of ['mock', 'lg']) {
    if (spawnSync('cc', ['-O2', '-o', join(folder, name), join(RIG, `${name}.c`)]).status !== 0) return undefined;
  }
  return folder;
}

export async function startRig(): Promise<Rig> {
  const pinning = canPin();
  const folder = compile();
  if (folder === undefined) {
    const { child, port } = await startNode(join(HERE, 'instant-upstream.ts'), {}, OTHER_CPU, pinning);
    return { name: 'autocannon and an upstream in Node.js', pinning, upstreamPort: port, upstream: child, load: autocannonLoad };
  }
  const port = await freePort();
  const [command, args] = pinnedTo(OTHER_CPU, pinning, join(folder, 'mock'), [String(port)]);
  const upstream = spawn(command, args, { stdio: 'ignore' });
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
        () => true,
        () => false,
      ),
    'the upstream to answer',
  );
  const load = async ({ port, path, connections, seconds, bodyFile, headers, rate }: Load): Promise<LoadResult> => {
    const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const options = ['-p', String(port), '-u', path, '-c', String(connections), '-d', String(seconds), '-b', bodyFile, ...given];
    if (rate !== undefined) options.push('-r', String(rate));
    const [command, args] = pinnedTo(OTHER_CPU, pinning, join(folder, 'lg'), options);
    const { stdout } = await run(command, args);
    const { done, err, non200, rps, p50, p99, ttfb50 } = JSON.parse(stdout) as Record<
      'done' | 'err' | 'non200' | 'rps' | 'p50' | 'p99' | 'ttfb50',
      number
    >;
    return {
      answered: done,
      refused: non200,
      errors: err,
      perSecond: rps,
      p50Micros: p50,
      p99Micros: p99,
      firstByteMicros: ttfb50,
    };
  };
  return { name: 'a generator and an upstream in C', pinning, upstreamPort: port, upstream, load };
}

async function autocannonLoad({ port, path, connections, seconds, bodyFile, headers, rate }: Load): Promise<LoadResult> {
  const given = Object.entries({ 'content-type': 'application/json', authorization: 'Bearer sk-bench-0001', ...headers });
  const options = ['-m', 'POST', '-c', String(connections), '-d', String(seconds), '-i', bodyFile, '--json'];
  if (rate !== undefined) options.push('-R', String(rate));
  const flags = given.flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const { stdout } = await run('node_modules/.bin/autocannon', [...options, ...flags, `http://127.0.0.1:${port}${path}`], {
    cwd: join(HERE, '..'),
  });
  const result = JSON.parse(stdout) as {
    requests: { total: number; average: number };
    latency: { p50: number; p99: number };
    non2xx: number;
    errors: number;
  };
  const { requests, latency, non2xx, errors } = result;
  return {
    answered: requests.total,
    refused: non2xx,
    errors,
    perSecond: requests.average,
    p50Micros: latency.p50 * 1_000,
    p99Micros: latency.p99 * 1_000,
  };
}
