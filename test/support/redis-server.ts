import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START_TIMEOUT_MS, waitFor } from '@sluice/core/testing';
import { freePort } from './free-port.ts';
import { killAtExit } from './kill-at-exit.ts';

/** A test's own `redis-server` on loopback. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Folder of its files. Another server may be started on them. */
  readonly folder: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/**
 * Ensures that a `redis-server` is installed. Without one it installs the package as root on Debian or Ubuntu, and throws
 * elsewhere.
 */
export function ensureRedisServer(): void {
  if (hasRedisServer()) return;
  const apt = spawnSync('apt-get', ['--version']).status === 0;
  if (!apt || process.getuid?.() !== 0) {
    throw new Error('The tests need a redis-server: install the package "redis-server" (7 or newer), or set TEST_REDIS_URL.');
  }
  process.stderr.write('test: installing redis-server with apt-get\n');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // RUNLEVEL=1 below keeps the package from starting its own server
  spawnSync('apt-get', ['update', '-qq'], { env: environment });
  const { status, stderr } = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Options::=--force-confdef', 'redis-server'],
    { env: { ...environment, RUNLEVEL: '1' }, encoding: 'utf8' },
  );
  if (status !== 0 || !hasRedisServer()) throw new Error(`apt-get could not install redis-server: ${stderr}`);
}

/**
 * Starts a `redis-server` on loopback.
 *
 * @param options further options as on the command line: `['--appendonly', 'yes']`
 * @param files folder with the files of a killed server, to continue with its data
 */
export async function startRedisServer(options: readonly string[] = [], port?: number, files?: string): Promise<RedisServer> {
  const folder = files ?? (await mkdtemp(join(tmpdir(), 'sluice-redis-')));
  const chosen = port ?? (await freePort());
  const base = ['--port', String(chosen), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...base, ...options], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  killAtExit(child);
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = (): boolean => {
    if (child.exitCode !== null) throw new Error(`redis-server ended: ${output}`);
    return output.includes('Ready to accept connections');
  };
  await waitFor(isReady, 'redis-server to accept connections', START_TIMEOUT_MS).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port: chosen, url: `redis://127.0.0.1:${chosen}`, folder, process: child, stop };
}
