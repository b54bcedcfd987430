import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { ensureRedisServer, type RedisServer, startRedisServer } from './redis-server.ts';

/** A master with a replica, monitored by one Sentinel that decides alone. */
export interface WatchedRedis {
  readonly sentinel: string;
  readonly name: string;
  /** Kills the master, or stops it so that it hangs, and waits until the Sentinel has promoted the replica. */
  failOver(how?: 'SIGKILL' | 'SIGSTOP'): Promise<void>;
  /** The promoted replica. */
  readonly successor: RedisServer;
  stop(): Promise<void>;
}

export async function startWatchedRedis(): Promise<WatchedRedis> {
  ensureRedisServer();
  const name = 'sluice-state';
  const master = await startRedisServer();
  const replica = await startRedisServer(['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-sync-delay', '0']);
  const copy = new Redis(replica.url);
  await waitFor(async () => (await copy.info('replication')).includes('master_link_status:up'), 'the replica to follow');
  copy.disconnect();

  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  await writeFile(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 5000`,
      '',
    ].join('\n'),
  );
  const process = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => process.once('exit', resolve));
  const asking = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50 });
  asking.on('error', () => {});
  const masterPort = async () => Number(((await asking.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as string[])[1]);
  await waitFor(async () => {
    const replicas = (await asking.call('SENTINEL', 'REPLICAS', name)) as unknown[];
    return (await masterPort()) === master.port && replicas.length === 1;
  }, 'the Sentinel to know both');
  return {
    sentinel: `127.0.0.1:${port}`,
    name,
    successor: replica,
    async failOver(how = 'SIGKILL') {
      if (how === 'SIGSTOP') master.process.kill('SIGSTOP');
      else await master.stop();
      await waitFor(async () => (await masterPort()) === replica.port, 'the Sentinel to choose the replica', 25_000);
    },
    async stop() {
      asking.disconnect();
      process.kill('SIGKILL');
      await exited;
      await Promise.all([master.stop(), replica.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
