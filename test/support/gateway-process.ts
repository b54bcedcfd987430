import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigFile } from '@sluice/config';
import { START_TIMEOUT_MS, waitFor } from '@sluice/core/testing';
import { stringify } from 'yaml';
import { killAtExit } from './kill-at-exit.ts';

/** Compiled code of the gateway's modules, shared by all processes of a test run. */
const COMPILE_CACHE = fileURLToPath(new URL('../../.toolchain/compile-cache', import.meta.url));
const MAIN = fileURLToPath(new URL('../../services/gateway/dist/main.js', import.meta.url));

export const ADMIN_KEY = 'admin-key-of-the-tests';

/** Redis may respond late on a machine that is busy with other tests. Tests about a slow Redis set their own timeout. */
const REDIS_TIMEOUT = '5s';
/** A thousand simultaneous calls delay the event loop of a starved process. Tests about overload set their own lag. */
const OVERLOAD_LAG = '30s';
/** The gateway's default timeout for Redis. */
export const DEFAULT_REDIS_TIMEOUT = '50ms';

type LogLine = Readonly<Record<string, unknown>>;

/** A gateway in a process of its own, as it is deployed. */
export interface GatewayProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly process: ChildProcess;
  readonly configFile: string;
  /** The log lines so far. */
  lines(): readonly LogLine[];
  /** The complete output so far, as text. */
  output(): string;
  /** Sends the signal and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface GatewayProcessOptions {
  readonly config: ConfigFile;
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts the process in another environment than the test's, such as a network namespace. */
  readonly spawn?: (command: string, args: readonly string[], env: NodeJS.ProcessEnv) => ChildProcess;
}

export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gateway-'));
  const configFile = join(folder, 'sluice.yaml');
  const config = {
    // no load balancer has to notice the shutdown
    shutdown: { delay: '1ms', drain: '10s' },
    ...options.config,
    redis: { timeout: REDIS_TIMEOUT, ...options.config.redis },
    resilience: { ...options.config.resilience, overload: { lag: OVERLOAD_LAG, ...options.config.resilience?.overload } },
  };
  await writeFile(configFile, stringify(config));
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    ADMIN_PORT: '0',
    SLUICE_ADMIN_KEY: ADMIN_KEY,
    SLUICE_CONFIG: configFile,
    // as in the container image
    NODE_OPTIONS: '--max-semi-space-size=32',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...options.environment,
  };
  const here = { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] } satisfies SpawnOptions;
  const child = options.spawn?.(process.execPath, [MAIN], env) ?? spawn(process.execPath, [MAIN], here);
  killAtExit(child);
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const lines = (): LogLine[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    const code = await exited;
    await rm(folder, { recursive: true, force: true });
    return code;
  };
  const listening = (): LogLine | undefined => lines().find((line) => line['message'] === 'Sluice is listening');
  try {
    await waitFor(
      () => {
        if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}: ${output}`);
        return listening() !== undefined;
      },
      'the gateway to listen',
      START_TIMEOUT_MS,
    );
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  const { url, adminUrl } = listening() as { url: string; adminUrl: string } & LogLine;
  return { url, adminUrl, process: child, configFile, lines, output: () => output, stop };
}

/** Waits until the gateway is ready. */
export function untilReady(gateway: { url: string }): Promise<void> {
  return waitFor(async () => (await fetch(`${gateway.url}/readyz`)).ok, `${gateway.url} to be ready`, START_TIMEOUT_MS);
}
