import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { killAtExit } from './kill-at-exit.ts';
import { START_TIMEOUT_MS, waitFor } from './wait-for.ts';

/** A `redis-server` of a test's own on loopback. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Where its files are; another server may be started on them. */
  readonly folder: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** What to install where there is none: it is said aloud, and as root on Debian or Ubuntu it is done. */
export function ensureRedisServer(): void {
  if (hasRedisServer()) return;
  const apt = spawnSync('apt-get', ['--version']).status === 0;
  if (!apt || process.getuid?.() !== 0) {
    throw new Error('The tests need a redis-server: install the package "redis-server" (7 or newer), or set TEST_REDIS_URL.');
  }
  process.stderr.write('test: installing redis-server with apt-get\n');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // the package would start a server of its own; it is not wanted
  spawnSync('apt-get', ['update', '-qq'], { env: environment });
  const { status, stderr } = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Options::=--force-confdef', 'redis-server'],
    { env: { ...environment, RUNLEVEL: '1' }, encoding: 'utf8' },
  );
  if (status !== 0 || !hasRedisServer()) throw new Error(`apt-get could not install redis-server: ${stderr}`);
}

/**
 * @param options further options as on the command line: `['--appendonly', 'yes']`
 * @param files where those of a server that was killed are, to go on with them
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
