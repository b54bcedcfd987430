import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor, waitForValue } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { type Answer, ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { recordsOf } from '../support/oracle.ts';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';
import { startWatchedProxy, type WatchedProxy } from '../support/watched-proxy.ts';

interface Spending {
  readonly spentUsd: number;
  readonly reservedUsd: number;
  readonly leasedUsd: number;
}

const nanos = (usd: number): number => Math.round(usd * 1e9);
/** One cent, in nano-dollars. */
const CENT = 10_000_000;

describe('accounting during faults', () => {
  let replicas: Replicas;
  let server: RedisServer | undefined;
  let proxy: WatchedProxy | undefined;
  let tenant = 'acme';

  /** Starts gateways on the Redis of all tests or on another one. */
  async function start(count: number, environment: Record<string, string> = {}): Promise<void> {
    tenant = `acme-${randomInt(1e9)}`;
    replicas = await startGateway({
      replicas: count,
      config: (baseUrl) => ({
        ...('REDIS_URL' in environment ? { redis: { timeout: '150ms' } } : {}),
        providers: { up: { baseUrl } },
        models: {
          cent: { targets: [{ provider: 'up', model: 'cent', price: { input: 0, output: 0, request: 0.01 } }] },
          words: { targets: [{ provider: 'up', model: 'words+tps=200', price: { input: 1_000, output: 3_000 } }] },
          broken: { targets: [{ provider: 'up', model: 'broken+status=500', price: { input: 0, output: 0, request: 0.01 } }] },
        },
        tenants: { [tenant]: { budget: '100000 USD' } },
        teams: { web: { tenant, budget: '100000 USD/month' } },
        keys: [
          { name: 'a', secret: 'key-one', team: 'web', budget: '100000 USD/day' },
          { name: 'b', secret: 'key-two', team: 'web', budget: '100000 USD/day' },
          { name: 'tight', secret: 'key-tight', tenant, budget: '3 USD/day' },
          { name: 'both', secret: 'key-both', tenant, budget: '100000 USD/day', limits: { requests: '1000/h' } },
          { name: 'ten', secret: 'key-ten', tenant, limits: { concurrent: 10 } },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
      environment,
    });
  }
  afterEach(async () => {
    proxy?.restore();
    await replicas.stop();
    await proxy?.close();
    await server?.stop();
    server = undefined;
    proxy = undefined;
  });

  const alive = () => replicas.gateways.filter(({ process }) => process.exitCode === null && process.signalCode === null);
  const gateway = (n: number) => alive()[n % alive().length] as Replicas['gateways'][number];
  const admin = async (path: string) => (await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', path)).json;
  const spending = async (path: string) => (await admin(path))['spending'] as Spending;
  const spent = async (path: string) => nanos((await spending(path)).spentUsd);
  const settled = (path: string, forMs?: number) =>
    waitFor(
      async () => ((await spending(path)) as Spending | undefined)?.reservedUsd === 0,
      `nothing of ${path} to be reserved`,
      forMs,
    );
  const send = (n: number, key: string, model = 'cent', text = `${n}`): Promise<Answer> =>
    ask(gateway(n).url, chat(model, text), { key });
  const costOf = ({ headers, status }: Answer): number =>
    status === 200 ? nanos(Number(headers.get('x-sluice-cost-usd') ?? 0)) : 0;
  const records = () => recordsOf(gateway(0));
  async function usage(by: string): Promise<Map<string, number>> {
    const { rows } = (await admin(`/usage?by=${by}`)) as { rows: Record<string, string | number>[] };
    return new Map(rows.map((row) => [String(row[by]), nanos(Number(row['costUsd']))]));
  }

  it('records equal sums in replies, budgets and ledger by key, team, model and provider, however the calls end', async () => {
    await start(3);
    const replies: { key: string; model: string; cost: number }[] = [];
    const one = async (n: number) => {
      const key = n % 2 === 0 ? 'a' : 'b';
      const model = ['cent', 'cent', 'words', 'broken'][randomInt(4)] as string;
      // some prompts repeat and are served from the cache
      const answer = await send(n, key === 'a' ? 'key-one' : 'key-two', model, `call ${randomInt(200)}`);
      replies.push({ key, model, cost: costOf(answer) });
    };
    for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: 50 }, (_, n) => one(round * 50 + n)));
    for (const path of ['/keys/a', '/keys/b']) await settled(path);
    const sum = (matches: (reply: (typeof replies)[number]) => boolean) =>
      replies.filter(matches).reduce((total, { cost }) => total + cost, 0);
    await waitFor(
      async () => [...(await usage('key')).values()].reduce((a, b) => a + b, 0) === sum(() => true),
      'all to be summed',
    );
    for (const key of ['a', 'b']) {
      expect(await spent(`/keys/${key}`)).toBe(sum((reply) => reply.key === key));
      expect((await usage('key')).get(key)).toBe(sum((reply) => reply.key === key));
    }
    for (const path of ['/teams/web', `/tenants/${tenant}`]) expect(await spent(path)).toBe(sum(() => true));
    expect((await usage('team')).get('web')).toBe(sum(() => true));
    expect((await usage('provider')).get('up')).toBe(sum(() => true));
    for (const model of ['cent', 'words']) expect((await usage('model')).get(model)).toBe(sum((reply) => reply.model === model));
    // calls without a cost are in none of the sums above
    await waitFor(async () => (await records()).length >= 300, 'the records of all replicas');
    const all = await records();
    expect(all).toHaveLength(300);
    expect(new Set(all.map(({ requestId }) => requestId)).size).toBe(300);
  }, 180_000);

  it('keeps accounting correct over three replicas when a replica is killed at a random moment', async () => {
    await start(3);
    const killAfterMs = 200 + randomInt(800);
    const victim = replicas.gateways[2] as Replicas['gateways'][number];
    const bySurvivors: { id: string; cost: number }[] = [];
    const byVictim: { id: string; cost: number }[] = [];
    let lost = 0;
    let over = false;
    let tightest = 0;
    const caller = async (n: number) => {
      for (let call = 0; !over; call++) {
        const to = replicas.gateways[n % 3] as Replicas['gateways'][number];
        const ofVictim = to === victim;
        if (ofVictim && !alive().includes(victim)) return;
        try {
          const answer = await ask(to.url, chat(call % 3 === 0 ? 'words' : 'cent', `${n} ${call}`), { key: 'key-one' });
          const reply = { id: answer.headers.get('x-request-id') as string, cost: costOf(answer) };
          (ofVictim ? byVictim : bySurvivors).push(reply);
          await ask(to.url, chat('cent', `tight ${n} ${call}`), { key: 'key-tight' });
        } catch {
          lost++;
        }
      }
    };
    const watch = async () => {
      while (!over) {
        const { spentUsd, reservedUsd, leasedUsd } = await spending('/keys/tight');
        tightest = Math.max(tightest, spentUsd + reservedUsd + leasedUsd);
        await sleep(20);
      }
    };
    const load = Promise.all([...Array.from({ length: 12 }, (_, n) => caller(n)), watch()]);
    await sleep(killAfterMs);
    victim.process.kill('SIGKILL');
    await waitFor(() => !alive().includes(victim), 'the replica to be dead');
    await sleep(1_000);
    over = true;
    await load;

    const context = `killed after ${killAfterMs} ms, ${lost} calls lost`;
    // 1. the budget was never exceeded
    expect([context, nanos(tightest) <= nanos(3)]).toEqual([context, true]);
    // 2. the reservations of the killed replica are released when its lease has expired
    await settled('/keys/a', 45_000);
    await settled('/keys/tight', 45_000);
    // 3. budget and ledger have all replies of the survivors; only the last replies of the killed replica may be missing
    const total = (replies: readonly { cost: number }[]) => replies.reduce((sum, { cost }) => sum + cost, 0);
    const least = total(bySurvivors);
    const most = least + total(byVictim);
    const budget = await spent('/keys/a');
    const ledger = (await usage('key')).get('a') ?? 0;
    const team = await spent('/teams/web');
    expect([context, team]).toEqual([context, budget]);
    // a call of the killed replica may be settled although its client never received the reply
    const unseen = 4 * 250_000_000;
    for (const sum of [budget, ledger]) {
      expect([context, sum >= least, sum <= most + unseen]).toEqual([context, true, true]);
    }
    // calls that were settled and not yet written at the moment of the kill
    const lastMoments = total(byVictim.slice(-8)) + unseen;
    expect([context, Math.abs(budget - ledger) <= lastMoments]).toEqual([context, true]);
    // 4. every reply of a survivor has exactly one record, and every reply of the killed replica at most one
    const all = (await records()).filter(({ key }) => key === 'a');
    expect(new Set(all.map(({ requestId }) => requestId)).size).toBe(all.length);
    const written = new Map(all.map(({ requestId, costUsd }) => [requestId, nanos(costUsd ?? 0)]));
    for (const { id, cost } of bySurvivors) expect(written.get(id)).toBe(cost);
    expect(all.reduce((sum, { costUsd }) => sum + nanos(costUsd ?? 0), 0)).toBe(ledger);
  }, 120_000);

  it('counts no call twice when replies of Redis are lost after it executed the command', async () => {
    proxy = await startWatchedProxy(process.env['TEST_REDIS_URL'] ?? '');
    await start(2, { REDIS_URL: proxy.url });
    proxy.loseAnswers(0.01);
    const answers: Answer[] = [];
    const served = () => answers.filter(({ status }) => status === 200);
    const caller = async (n: number) => {
      for (let call = 0; served().length < 200; call++) {
        const answer = await send(n, 'key-both', 'cent', `${n} ${call}`);
        answers.push(answer);
        // after a lost reply the gateway does not use Redis for a second; without a pause it would only refuse calls
        if (answer.status !== 200) await sleep(300);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, n) => caller(n)));
    proxy.restore();
    // a refused call reports an unavailable dependency, never an exceeded limit
    for (const { status, code } of answers)
      if (status !== 200) expect([status, String(code)]).toEqual([503, expect.stringMatching(/unavailable/)]);
    await settled('/keys/both', 40_000);
    await waitFor(async () => (await spent('/keys/both')) === served().length * CENT, 'what was served to be spent, each once');
    await waitFor(
      async () => (await usage('key')).get('both') === served().length * CENT,
      'what was served to be summed, each once',
    );
    const last = await send(0, 'key-both', 'cent', 'last');
    const left = Number(last.headers.get('x-ratelimit-remaining-requests'));
    // every call is counted at most once
    expect(1_000 - left).toBeLessThanOrEqual(answers.length + 1);
    expect(1_000 - left).toBeGreaterThanOrEqual(served().length + 1);
  }, 180_000);

  it('records equal sums in replies, budget and ledger after Redis was killed under load and restarted from its file', async () => {
    ensureRedisServer();
    const folder = mkdtempSync(join(tmpdir(), 'sluice-aof-'));
    const options = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', folder];
    try {
      server = await startRedisServer(options);
      const { port, url } = server;
      await start(2, { REDIS_URL: url });
      let over = false;
      let paid = 0;
      const statuses = new Map<number, number>();
      const caller = async (n: number) => {
        for (let call = 0; !over; call++) {
          const answer = await send(n, 'key-one', call % 3 === 0 ? 'words' : 'cent', `${n} ${call}`);
          paid += costOf(answer);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status !== 200) await sleep(20);
        }
      };
      const load = Promise.all(Array.from({ length: 10 }, (_, n) => caller(n)));
      const served = () => statuses.get(200) ?? 0;
      await waitFor(() => served() > 60 + randomInt(60), 'calls to be served', 60_000);
      await server.stop();
      await waitFor(() => (statuses.get(503) ?? 0) > 0, 'calls to miss Redis');
      server = await startRedisServer(options, port);
      await waitFor(async () => (await send(0, 'key-both', 'cent', 'back')).status === 200, 'calls to be served again');
      const before = served();
      await waitFor(() => served() > before + 20, 'calls of the load to be served again', 60_000);
      over = true;
      await load;
      expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
      await settled('/keys/a', 40_000);
      await waitForValue(async () => (await usage('key')).get('a'), paid, 'the ledger to have what was paid, to the nano-dollar');
      await waitForValue(() => spent('/keys/a'), paid, 'the budget to have it too');
      expect(await spent('/teams/web')).toBe(paid);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);

  it('charges nothing for calls whose commands a hung Redis executes when it wakes', async () => {
    ensureRedisServer();
    server = await startRedisServer();
    await start(2, { REDIS_URL: server.url });
    expect((await send(0, 'key-both')).status).toBe(200);
    expect((await send(1, 'key-both')).status).toBe(200);
    await settled('/keys/both');
    server.process.kill('SIGSTOP');
    const answers = [];
    for (let round = 0; round < 6; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 100 }, (_, n) => send(n, 'key-both', 'cent', `${round} ${n}`)))));
    }
    expect(answers.map(({ status }) => status)).toEqual(Array(600).fill(503));
    server.process.kill('SIGCONT');
    await waitFor(async () => (await send(0, 'key-both', 'cent', 'awake')).status === 200, 'calls to be served again');
    // immediately, without waiting for a lease to expire
    await settled('/keys/both', 10_000);
    const served = replicas.simulator.journal.entries.length;
    expect(await spent('/keys/both')).toBe(served * CENT);
    const paidFor = async () => (await records()).filter(({ costUsd }) => costUsd !== null && costUsd > 0).length;
    await waitFor(async () => (await paidFor()) === served, 'the records of what was served, and no others');
  }, 180_000);

  it('seeds counters that were lost under load from the ledger, once', async () => {
    await start(3);
    await Promise.all(Array.from({ length: 60 }, (_, n) => send(n, 'key-one')));
    await settled('/keys/a');
    await waitFor(async () => (await usage('key')).get('a') === 60 * CENT, 'the ledger to have all');
    const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '');
    try {
      const { prefix } = replicas.options.config.redis ?? {};
      const lost = [...(await redis.keys(`${prefix}:{t:*`)), ...(await redis.keys(`${prefix}:{g:*`))];
      expect(lost.length).toBeGreaterThan(3);
      await redis.del(...lost);
    } finally {
      redis.disconnect();
    }
    // all replicas find the counters missing at the same time
    const after = await Promise.all(Array.from({ length: 90 }, (_, n) => send(n, 'key-one', 'cent', `after ${n}`)));
    expect(after.map(({ status }) => status)).toEqual(Array(90).fill(200));
    await settled('/keys/a');
    for (const path of ['/keys/a', '/teams/web', `/tenants/${tenant}`])
      expect([path, await spent(path)]).toEqual([path, 150 * CENT]);
  }, 180_000);

  it("never exceeds a provider's limit of in-flight calls, and loses no permit when clients disconnect", async () => {
    await start(3);
    const { entries } = replicas.simulator.journal;
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, entries.filter(({ outcome }) => outcome === 'pending').length);
    }, 1);
    const leave = async (n: number) => {
      const left = new AbortController();
      try {
        const response = await fetch(`${gateway(n).url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer key-ten', 'content-type': 'application/json' },
          body: JSON.stringify(chat('words', `${n} ${'word '.repeat(40)}`, { stream: true })),
          signal: left.signal,
        });
        if (response.status !== 200) return response.status;
        if (n % 3 === 0) await response.text();
        else {
          const reader = response.body?.getReader();
          for (let events = randomInt(5); events >= 0; events--) await reader?.read();
        }
        return 200;
      } finally {
        left.abort();
      }
    };
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        await sleep(randomInt(600));
        return leave(n);
      }),
    );
    clearInterval(watching);
    expect(most).toBeLessThanOrEqual(10);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(10);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    // all ten permits are free again
    await waitFor(async () => {
      const now = await Promise.all(
        Array.from({ length: 10 }, (_, n) => send(n, 'key-ten', 'words', `free ${n} ${randomInt(1e9)}`)),
      );
      return now.every(({ status }) => status === 200);
    }, 'every slot to be free');
  }, 180_000);

  it('writes every record of a replica that is stopped under load', async () => {
    await start(2);
    const stopping = replicas.gateways[0] as Replicas['gateways'][number];
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => ask(stopping.url, chat('cent', `${n}`), { key: 'key-two' })),
    );
    expect(answers.flatMap(({ status, code, text }) => (status === 200 ? [] : [[status, code, text]]))).toEqual([]);
    expect(await stopping.stop('SIGTERM')).toBe(0);
    const written = new Set((await records()).map(({ requestId }) => requestId));
    expect(written.size).toBe(1_000);
    for (const { headers } of answers) expect(written.has(headers.get('x-request-id') as string)).toBe(true);
    expect(await spent('/keys/b')).toBe(1_000 * CENT);
    expect((await spending('/keys/b')).reservedUsd).toBe(0);
    expect((await usage('key')).get('b')).toBe(1_000 * CENT);
  }, 180_000);

  it('makes and charges a call once when its client sends it to two replicas at the same time with the same idempotency key', async () => {
    await start(2);
    const body = (n: number) => chat(n % 2 === 0 ? 'cent' : 'words', `once ${n}`, n % 4 < 2 ? {} : { stream: true });
    const once = (n: number, to: number, key = `key of ${n}`) =>
      ask(gateway(to).url, body(n), { key: 'key-both', headers: { 'idempotency-key': key } });
    const pairs = await Promise.all(Array.from({ length: 12 }, (_, n) => Promise.all([once(n, 0), once(n, 1)])));
    for (const [one, other] of pairs) {
      expect([one.status, other.status]).toEqual([200, 200]);
      expect(other.text).toBe(one.text);
      const replayed = [one, other].filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
      expect(replayed).toHaveLength(1);
    }
    expect(replicas.simulator.journal.entries).toHaveLength(12);
    // a later repetition of the call
    expect((await once(0, 1)).text).toBe(pairs[0]?.[0].text);
    expect(replicas.simulator.journal.entries).toHaveLength(12);
    expect((await once(1, 1, 'key of 0')).code).toBe('invalid_request');
    await settled('/keys/both');
    const ofKey = async () => (await records()).filter(({ key }) => key === 'both');
    await waitFor(async () => (await ofKey()).length >= 26, 'the records of all replicas');
    const all = await ofKey();
    expect(all).toHaveLength(26);
    const cost = all.reduce((sum, { costUsd }) => sum + nanos(costUsd ?? 0), 0);
    expect(await spent('/keys/both')).toBe(cost);
    expect(all.filter(({ costUsd }) => costUsd !== null && costUsd > 0)).toHaveLength(12);
    const left = Number((await send(0, 'key-both', 'cent', 'the last')).headers.get('x-ratelimit-remaining-requests'));
    // repeated calls count as requests, and the call with another body does not
    expect(1_000 - left).toBe(26);
  }, 180_000);
});
