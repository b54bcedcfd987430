import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY, type GatewayProcess, untilReady } from '../support/gateway-process.ts';
import { counted, type Load, quantile, type Seen, startLoad } from '../support/load.ts';
import { mostInAnyWindow, whatIsWrong } from '../support/oracle.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { startPing } from './ping.ts';
import { type Stage, startStage } from './stage.ts';

const KEYS = ['key-free', 'key-limited', 'key-soft'];
const RATE = 120;

/**
 * Maximum additional latency of a call: the timeout of a command. The latency of a ping at the same time is subtracted,
 * because the machine causes it.
 */
const ADDED_MS = 50;

describe('faults of Redis', () => {
  let stage: Stage;
  let load: Load | undefined;
  afterEach(async () => {
    await load?.stop();
    load = undefined;
    await stage.stop();
  });

  const start = async (more: { maxReplicas?: number; stateOptions?: string[]; redis?: object } = {}): Promise<void> => {
    stage = await startStage({
      replicas: 2,
      stateOptions: more.stateOptions ?? ['--appendonly', 'yes', '--appendfsync', 'everysec'],
      config: (baseUrl) => ({
        redis: { maxReplicas: more.maxReplicas ?? 2, ...more.redis },
        providers: { up: { baseUrl } },
        models: { cent: { targets: [{ provider: 'up', model: 'cent', price: { input: 0, output: 0, request: 0.01 } }] } },
        keys: [
          { name: 'free', secret: 'key-free' },
          {
            name: 'limited',
            secret: 'key-limited',
            limits: { requests: '100000/min', tokens: '100000000/min', concurrent: 500 },
          },
          { name: 'soft', secret: 'key-soft', budget: '1000 USD/month soft' },
          { name: 'tight', secret: 'key-tight', limits: { requests: '40/10s' } },
          { name: 'unseen', secret: 'key-unseen' },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
    });
    await stage.warm(KEYS, 'cent');
  };
  const loadOf = (keys: readonly string[] = KEYS): Load =>
    startLoad({
      url: (n) => stage.gateways[n % 2]?.url as string,
      key: (n) => keys[n % keys.length] as string,
      model: () => 'cent',
      stream: (n) => n % 5 === 0,
      rate: RATE,
    });
  const between = (seen: readonly Seen[], from: number, to: number) => seen.filter(({ atMs }) => atMs >= from && atMs < to);
  const first = (): GatewayProcess => stage.gateways[0] as GatewayProcess;
  const calm = () =>
    waitFor(
      async () => {
        for (const gateway of stage.gateways) {
          for (const key of KEYS) await ask(gateway.url, chat('cent', `calm ${performance.now()}`), { key });
          if ((await stage.figure(gateway, 'sluice_degraded', {})) > 0) return false;
        }
        return true;
      },
      'all dependencies to recover',
      20_000,
    );

  /** Breaks something under load, repairs it, and returns the calls in between. */
  const broken = async (how: { break: () => unknown; forMs: number; mend: () => unknown }) => {
    const running = loadOf();
    load = running;
    const ping = await startPing();
    try {
      await waitFor(() => running.seen.length > RATE, 'the load to run');
      const before = quantile(running.seen, 0.99);
      const brokenMs = performance.now();
      await how.break();
      await sleep(how.forMs);
      const mendedMs = performance.now();
      await how.mend();
      await sleep(2_000);
      const isWell = () =>
        running.seen.slice(-RATE / 2).every(({ atMs, headers }) => atMs > mendedMs && !('x-sluice-degraded' in headers));
      await waitFor(isWell, 'nothing to be degraded any more');
      const seen = await running.stop();
      const duringFault = between(seen, brokenMs + 1_000, mendedMs);
      /** The 99th percentile of the latency, minus the percentile before the fault and the slowest ping during the fault. */
      const addedMs = quantile(duringFault, 0.99) - before - ping.slowest(brokenMs, mendedMs);
      return { seen, away: duringFault, addedMs };
    } finally {
      await ping.stop();
    }
  };
  const nothingIsWrong = async (seen: readonly Seen[]) => {
    await calm();
    expect(await whatIsWrong({ gateways: stage.gateways, simulator: stage.simulator, seen, budgets: ['/keys/soft'] })).toEqual(
      [],
    );
  };

  it('T01, T03: fails and delays no call with a known key while Redis is killed and restarted with its data', async () => {
    await start();
    const { port } = stage.state;
    const { seen, away, addedMs } = await broken({
      break: () => {
        stage.state.process.kill('SIGKILL');
      },
      forMs: 4_000,
      mend: async () => {
        stage.state = await startRedisServer(['--appendonly', 'yes'], port, stage.state.folder);
      },
    });
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(addedMs).toBeLessThan(ADDED_MS);
    expect(away.some(({ headers }) => String(headers['x-sluice-degraded']).includes('limits'))).toBe(true);
    await nothingIsWrong(seen);
  }, 180_000);

  it('T02: serves calls and stays ready while Redis hangs for ten seconds, and reports the degraded parts', async () => {
    await start();
    const degradations = () =>
      stage.gateways.map(
        (gateway) => gateway.lines().filter(({ message }) => String(message).startsWith('limits: degraded')).length,
      );
    let before: number[] = [];
    let during: number[] = [];
    const { seen, addedMs } = await broken({
      break: async () => {
        before = degradations();
        stage.state.process.kill('SIGSTOP');
        await waitFor(
          async () => (await stage.figure(first(), 'sluice_redis_circuit_state', { connection: 'state' })) === 2,
          'the outage to be detected',
        );
        const ready = await fetch(`${first().url}/readyz`);
        expect([ready.status, await ready.text()]).toEqual([200, 'ready, degraded: Redis is unavailable\n']);
        expect((await fetch(`${first().url}/livez`)).status).toBe(200);
        expect(await stage.figure(first(), 'sluice_degraded', { concern: 'limits' })).toBe(1);
      },
      forMs: 10_000,
      mend: () => {
        during = degradations();
        stage.state.process.kill('SIGCONT');
      },
    });
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(addedMs).toBeLessThan(ADDED_MS);
    // no flapping while Redis hangs; a busy machine may degrade a gateway once more before or after
    for (const [n, count] of during.entries()) expect(count - (before[n] ?? 0)).toBeLessThanOrEqual(1);
    await nothingIsWrong(seen);
  }, 180_000);

  it('T03: reconnects once per connection when Redis drops all connections repeatedly', async () => {
    await start();
    const client = new Redis(stage.state.url);
    const connections = async () => Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1]);
    const made = await connections();
    const { seen } = await broken({
      break: async () => {
        for (let n = 0; n < 5; n++) {
          await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
          await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await sleep(400);
        }
      },
      forMs: 0,
      mend: () => {},
    });
    // two replicas with three connections each, five times
    expect((await connections()) - made).toBeLessThanOrEqual(2 * 3 * 5 + 5);
    client.disconnect();
    expect(counted(seen)).toEqual({ 200: seen.length });
    await nothingIsWrong(seen);
  }, 180_000);

  it('replaces half-open connections to Redis within seconds, including the subscription', async () => {
    await start();
    const made = await askAdmin(first().adminUrl, ADMIN_KEY, 'POST', '/keys', { name: 'heard-of' });
    const key = made.json['secret'] as string;
    await stage.warm([key], 'cent');
    const { seen } = await broken({ break: () => stage.stateWay.halfOpen(), forMs: 0, mend: () => sleep(4_000) });
    expect(counted(seen)).toEqual({ 200: seen.length });
    await calm();
    await askAdmin(first().adminUrl, ADMIN_KEY, 'DELETE', '/keys/heard-of');
    for (const { url } of stage.gateways) {
      await waitFor(async () => (await ask(url, chat('cent', 'x'), { key })).status === 401, 'the key to be refused', 2_000);
    }
    await nothingIsWrong(seen);
  }, 180_000);

  it('resets limits and keeps known spending after Redis restarts empty', async () => {
    await start({ stateOptions: [] });
    const { port } = stage.state;
    const { seen } = await broken({
      break: async () => {
        await stage.state.stop();
      },
      forMs: 1_000,
      mend: async () => {
        stage.state = await startRedisServer([], port);
      },
    });
    expect(counted(seen)).toEqual({ 200: seen.length });
    await calm();
  }, 180_000);

  it('T04: stops waiting for a Redis that is too slow without flapping, and uses a Redis that is slow within the timeout', async () => {
    // the timeout is between the latency of a slightly slow Redis and of a Redis that is too slow
    await start({ redis: { timeout: '100ms' } });
    let opened: number[] = [];
    const { seen, addedMs } = await broken({
      break: () => stage.stateWay.delay(200),
      forMs: 5_000,
      mend: () => {
        // counted before the repair, because a busy machine may delay a recovered Redis too
        opened = stage.gateways.map(
          (gateway) =>
            gateway.lines().filter(({ message, connection }) => connection === 'state' && message === 'redis circuit opened')
              .length,
        );
        stage.stateWay.restore();
      },
    });
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(addedMs).toBeLessThan(ADDED_MS);
    expect(opened).toEqual(stage.gateways.map(() => 1));
    await calm();
    stage.stateWay.delay(20);
    const slow = await ask(first().url, chat('cent', 'a little slow'), { key: 'key-limited' });
    const degraded = (slow.headers.get('x-sluice-degraded') ?? '').split(/, */).filter(Boolean);
    // the cache has its own Redis, and on a busy machine that may take longer than the 100 ms
    expect([slow.status, degraded.filter((concern) => concern !== 'cache')]).toEqual([200, []]);
    await nothingIsWrong(seen);
  }, 180_000);

  it('T05, T06: refuses an unknown key with 503 and a revoked key with 401 while Redis is unavailable', async () => {
    await start();
    const made = await askAdmin(first().adminUrl, ADMIN_KEY, 'POST', '/keys', { name: 'revoked' });
    const revoked = made.json['secret'] as string;
    await stage.warm([revoked], 'cent');
    await askAdmin(stage.gateways[1]?.adminUrl as string, ADMIN_KEY, 'DELETE', '/keys/revoked');
    const call = (key: string) => ask(first().url, chat('cent', 'x'), { key });
    await waitFor(async () => (await call(revoked)).status === 401, 'the other replica to receive the revocation', 2_000);
    stage.stateWay.cut();
    await waitFor(async () => (await stage.figure(first(), 'sluice_redis_up')) === 0, 'the outage to be detected');
    for (let n = 0; n < 20; n++) {
      const unknown = await call('key-unseen');
      expect([unknown.status, unknown.code]).toEqual([503, 'auth_unavailable']);
      expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect((await call(revoked)).status).toBe(401);
    }
  }, 180_000);

  it('T07: treats every look-up as a miss while the cache hangs, and keeps everything else unaffected', async () => {
    // the timeout of the state is high enough for calls that wait a little on a busy machine
    await start({ redis: { timeout: '500ms', cacheTimeout: '10ms' } });
    const { seen, away, addedMs } = await broken({
      break: () => void stage.cache.process.kill('SIGSTOP'),
      forMs: 4_000,
      mend: () => void stage.cache.process.kill('SIGCONT'),
    });
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(addedMs).toBeLessThan(ADDED_MS);
    expect(away.every(({ headers }) => ['cache', undefined].includes(headers['x-sluice-degraded'] as string | undefined))).toBe(
      true,
    );
    await nothingIsWrong(seen);
  }, 180_000);

  it('T09: reloads scripts into a Redis that loses them every second', async () => {
    // the test is about reloading the scripts, not about compiling them within the cache's ten milliseconds on a slow machine
    await start({ redis: { timeout: '1s' } });
    const client = new Redis(stage.state.url);
    const { seen } = await broken({
      break: async () => {
        for (let n = 0; n < 8; n++) {
          await client.script('FLUSH');
          await sleep(300);
        }
      },
      forMs: 0,
      mend: () => {},
    });
    client.disconnect();
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(seen.filter(({ headers }) => 'x-sluice-degraded' in headers)).toEqual([]);
    await nothingIsWrong(seen);
  }, 180_000);

  it('T27: serves calls and evicts no counter while Redis is full, and writes the waiting records when it has space', async () => {
    await start();
    const client = new Redis(stage.state.url);
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    const keys = (await client.keys('sluice:{t:*')).length;
    const { seen } = await broken({
      break: async () => {
        await client.config('SET', 'maxmemory', '1');
        await waitFor(
          async () => (await stage.figure(first(), 'sluice_degraded', { concern: 'audit' })) === 1,
          'the degradation to be reported',
        );
      },
      forMs: 3_000,
      mend: async () => {
        expect((await client.keys('sluice:{t:*')).length).toBeGreaterThanOrEqual(Math.min(keys, 3));
        await client.config('SET', 'maxmemory', '0');
      },
    });
    client.disconnect();
    expect(counted(seen)).toEqual({ 200: seen.length });
    await nothingIsWrong(seen);
  }, 180_000);

  it("T28: enforces a limit when a replica's clock is an hour ahead, and when Redis' clock goes back ten seconds", async () => {
    await start();
    const ahead = await stage.more({
      NODE_OPTIONS: '--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+3600000',
    });
    await untilReady(ahead);
    const flood = async (ms: number) => {
      const load = startLoad({
        url: (n) => stage.gateways[n % 3]?.url as string,
        key: () => 'key-tight',
        model: () => 'cent',
        rate: 60,
      });
      await sleep(ms);
      return load.stop();
    };
    await stage.warm(['key-tight'], 'cent');
    const seen = await flood(12_000);
    expect(Object.keys(counted(seen)).sort()).toEqual(['200', '429 rate_limit_exceeded']);
    const admitted = seen.filter(({ status }) => status === 200);
    expect(mostInAnyWindow(admitted, 10_000)).toBeLessThanOrEqual(40);
    expect(admitted.length).toBeGreaterThan(40);
    // after its clock goes back ten seconds, Redis has counters ten seconds in the future: the newest of 20 sub-windows has the
    // index, the sum, its own count, and the index of the oldest one (scripts/include/subjects.lua)
    const client = new Redis(stage.state.url);
    const [subject = ''] = await client.keys('*:subject:tight');
    const fields = await client.hgetall(subject);
    const [index = Number.NaN, sum = Number.NaN] = (fields['w:requests:10000'] ?? '').split(',').map(Number);
    expect(sum).toBeGreaterThan(0);
    const former = Object.keys(fields).filter((name) => name.startsWith('r:requests:10000:'));
    await client
      .multi()
      .hdel(subject, 'none', ...former)
      .hset(subject, 'w:requests:10000', `${index + 20},${sum},${sum},${index + 20}`)
      .exec();
    client.disconnect();
    const after = await flood(6_000);
    expect(after.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(40 - sum);
  }, 180_000);

  it("T30: admits only the replicas' shares of a limit while Redis is unavailable, and nothing when three replicas share a limit of two", async () => {
    await start();
    stage.stateWay.cut();
    const flood = async (key: string) => {
      const load = startLoad({
        url: (n) => stage.gateways[n % 2]?.url as string,
        key: () => key,
        model: () => 'cent',
        rate: 100,
      });
      await sleep(2_000);
      return load.stop();
    };
    await stage.stateWay.restore();
    await stage.warm(['key-tight'], 'cent');
    stage.stateWay.cut();
    await sleep(11_000);
    const seen = await flood('key-tight');
    expect(seen.filter(({ status }) => status === 200)).toHaveLength(40);
    expect(counted(seen)).toEqual({ 200: 40, '503 limiter_unavailable': seen.length - 40 });
  }, 180_000);
});
