import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { type ComposedSystem, composeUp } from '../support/compose.ts';
import { parseExposition } from '../support/exposition.ts';

const KEY = 'sk-sluice-demo';
const ADMIN_KEY = 'sk-sluice-admin-demo';
const REPLICAS = [1, 2, 3];

interface PrometheusAnswer {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];
  };
}

describe('docker compose up', () => {
  let system: ComposedSystem;
  beforeAll(async () => {
    system = await composeUp();
  }, 600_000);
  afterAll(() => system?.down(), 120_000);

  const query = async (text: string) => {
    const response = await fetch(`${system.prometheusUrl}/api/v1/query?query=${encodeURIComponent(text)}`);
    return ((await response.json()) as PrometheusAnswer).data.result;
  };
  /** Returns one replica's own metrics, independent of the ingress. */
  const seriesOf = async (replica: number) => {
    const script = "fetch('http://127.0.0.1:8081/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))";
    return parseExposition(await system.exec('gateway', ['node', '-e', script], replica));
  };
  const redisOf = (service: string, ...command: string[]) =>
    system.exec(service, ['redis-cli', '--no-raw', '--user', 'sluice', ...command]);

  it('brings up every service, healthy, and publishes only the ports that are meant to be reached', async () => {
    const services = await system.services();
    expect(services.map(({ Service }) => Service).sort()).toEqual(
      ['gateway', 'gateway', 'gateway', 'ingress', 'prometheus', 'redis-cache', 'redis-state', 'simulator'].sort(),
    );
    for (const { Service, State, Health } of services)
      expect([Service, State, ['', 'healthy'].includes(Health)]).toEqual([Service, 'running', true]);
    const published = services.filter(({ Publishers }) => (Publishers ?? []).some(({ PublishedPort }) => PublishedPort > 0));
    expect(published.map(({ Service }) => Service).sort()).toEqual(['ingress', 'prometheus']);
    for (const { Publishers } of published) for (const { URL } of Publishers ?? []) if (URL !== '') expect(URL).toBe('127.0.0.1');
  });

  it('serves calls through the ingress from all three replicas', async () => {
    const before = await Promise.all(
      REPLICAS.map(async (n) => (await seriesOf(n)).sum('sluice_requests_total', { status: '200' })),
    );
    let asked = 0;
    let served: number[] = [];
    // the ingress resolves the replicas every two seconds, so that a new replica is found a moment later
    await waitFor(async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => ask(system.url, chat('openai/quick', `call ${asked++}`), { key: KEY })),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(60).fill(200));
      const after = await Promise.all(
        REPLICAS.map(async (n) => (await seriesOf(n)).sum('sluice_requests_total', { status: '200' })),
      );
      served = after.map((count, n) => count - (before[n] ?? 0));
      return served.every((count) => count > 0);
    }, 'all three replicas to be given calls');
    expect(served.reduce((sum, count) => sum + count, 0)).toBe(asked);
  });

  it('serves a response from the cache on every replica after one of them cached it', async () => {
    const hits = (n: number) => seriesOf(n).then((series) => series.sum('sluice_cache_lookups_total', { result: 'hit' }));
    const before = await Promise.all(REPLICAS.map(hits));
    const body = chat('demo', 'cached once');
    const first = await ask(system.url, body, { key: KEY });
    expect(first.headers.get('x-sluice-cache')).toBe('miss');
    // the client has the answer a moment before Redis has the entry
    let cached = first;
    await waitFor(async () => {
      cached = await ask(system.url, body, { key: KEY });
      return cached.headers.get('x-sluice-cache') === 'hit';
    }, 'the entry to be in Redis');
    await waitFor(async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(system.url, body, { key: KEY })));
      for (const answer of answers) expect([answer.headers.get('x-sluice-cache'), answer.text]).toEqual(['hit', cached.text]);
      const now = await Promise.all(REPLICAS.map(hits));
      return now.every((count, n) => count > (before[n] ?? 0));
    }, 'a hit on each replica');
  });

  it('enforces a single limit over all replicas', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => ask(system.url, chat('openai/quick', `limited ${n}`), { key: 'user123' })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(5);
    expect(answers.filter((answer) => answer.code === 'rate_limit_exceeded')).toHaveLength(35);
  });

  it('streams through the ingress piece by piece', async () => {
    const response = await fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(chat('openai/x+tps=10', 'one two three four five six seven eight', { stream: true })),
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const pieces: string[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(Buffer.from(value).toString());
    }
    // an event every 100 ms; buffered events would arrive in fewer, larger pieces
    expect(pieces.length).toBeGreaterThanOrEqual(8);
    expect(pieces.join('')).toContain('[DONE]');
    expect(pieces[0]).not.toContain('three');
  });

  it("aborts the provider's work when the client disconnects", async () => {
    const leaving = new AbortController();
    const model = 'x+tps=5';
    const response = await fetch(`${system.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(chat(`openai/${model}`, 'leaving '.repeat(50), { stream: true })),
      signal: leaving.signal,
    });
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    leaving.abort();
    const script = "fetch('http://127.0.0.1:9000/journal').then((r) => r.text()).then((t) => process.stdout.write(t))";
    await waitFor(async () => {
      const journal = JSON.parse(await system.exec('simulator', ['node', '-e', script])) as { model: string; outcome: string }[];
      return journal.find((entry) => entry.model === model)?.outcome === 'abandoned';
    }, 'the simulator to be left');
  });

  it("refuses calls through the ingress in the caller's dialect", async () => {
    const long = await ask(system.url, JSON.stringify(chat('demo', 'x'.repeat(11 * 1024 * 1024))), { key: KEY });
    expect([long.status, long.code]).toEqual([413, 'request_too_large']);
    expect((await ask(system.url, chat('demo', 'x'), { key: 'wrong' })).status).toBe(401);
    for (const path of ['/metrics', '/admin/v1/stats', '/v1/%2e%2e/admin/v1/stats']) {
      const answer = await fetch(`${system.url}${path}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
    }
  });

  it('exposes valid metrics of all three replicas to Prometheus', async () => {
    await waitFor(async () => (await query('up{job="sluice"} == 1')).length === 3, 'three targets to be scraped', 60_000);
    await waitFor(
      async () => Number((await query('sum(sluice_requests_total{status="200"})'))[0]?.value[1] ?? 0) >= 60,
      'the calls to be counted',
      60_000,
    );
    const instances = (await query('sum by (instance) (sluice_requests_total)')).map((one) => one.metric['instance']);
    expect(new Set(instances).size).toBe(3);
    const text = await (await fetch(`${system.adminUrl}/metrics`)).text();
    parseExposition(text);
    const checked = await system.exec('prometheus', ['sh', '-c', `printf %s "$0" | promtool check metrics && echo valid`, text]);
    expect(checked.trim()).toBe('valid');
  });

  it('has the metrics of the dashboard, over all replicas', async () => {
    const answer = await askAdmin(system.adminUrl, ADMIN_KEY, 'GET', '/stats');
    expect(answer.status).toBe(200);
    expect(answer.json['totalRequests']).toBeGreaterThan(100);
    expect(answer.json).toMatchObject({ providers: { openai: { calls: expect.any(Number) } }, authenticationFailures: 4 });
  });

  it("accepts the administration command of its image, and records the client's address of a call", async () => {
    const sluice = (...args: string[]) => system.exec('gateway', ['sluice', ...args], 1);
    const made = await sluice('keys', 'create', 'elsewhere', '--ip', '203.0.113.0/24', '--rpm', '5', '--budget', '1/day');
    const [secret = ''] = /sk-sluice-[0-9A-Za-z]{43}/.exec(made) ?? [];
    expect([made, secret]).toEqual([made, expect.stringMatching(/./)]);
    // the gateway does not trust an address that a client sends
    const spoofed = { 'x-forwarded-for': '203.0.113.7' };
    const refused = await ask(system.url, chat('openai/quick', 'x'), { key: secret, headers: spoofed });
    expect([refused.status, refused.code]).toEqual([403, 'address_not_allowed']);
    await sluice('keys', 'set', 'elsewhere', '--unset', 'allowedIps');
    await waitFor(
      async () => (await ask(system.url, chat('openai/quick', 'x'), { key: secret })).status === 200,
      'the key to be let in',
    );
    expect(await sluice('keys', 'list')).toContain('elsewhere');
    await waitFor(async () => (await sluice('usage', '--by', 'key', '--csv')).includes('elsewhere'), 'the call to be summed');
    await sluice('keys', 'revoke', 'elsewhere');
    const changes = JSON.parse(await sluice('changes', '--name', 'elsewhere', '--json')) as { action: string }[];
    expect(changes.map(({ action }) => action)).toEqual(['key.revoke', 'key.change', 'key.create']);
  });

  it('persists the state without eviction, and evicts from the cache without persistence', async () => {
    const state = await redisOf('redis-state', 'INFO');
    expect(state).toMatch(/maxmemory_policy:noeviction/);
    expect(state).toMatch(/aof_enabled:1/);
    const cache = await redisOf('redis-cache', 'INFO');
    expect(cache).toMatch(/maxmemory_policy:allkeys-lfu/);
    expect(cache).toMatch(/aof_enabled:0/);
    expect(Number(/redis_version:(\d+)/.exec(state)?.[1])).toBeGreaterThanOrEqual(8);
  });

  it("lets the gateway's Redis user run only the commands that the gateway uses", async () => {
    for (const command of [
      ['CONFIG', 'GET', '*'],
      ['FLUSHALL'],
      ['KEYS', '*'],
      ['SCRIPT', 'FLUSH'],
      ['DEBUG', 'SLEEP', '1'],
      ['MODULE', 'LIST'],
      ['ACL', 'LIST'],
      ['SHUTDOWN'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['CLIENT', 'LIST'],
      ['GET', 'not-ours'],
      ['SET', 'not-ours', '1'],
      ['SUBSCRIBE', 'not-ours'],
      ['EVAL', "return redis.call('KEYS', '*')", '0'],
    ]) {
      expect([command.join(' '), await redisOf('redis-state', ...command)]).toEqual([
        command.join(' '),
        expect.stringMatching(/NOPERM|can't run|ACL failure|DEBUG command not allowed/),
      ]);
    }
    expect(await system.exec('redis-state', ['env', '-u', 'REDISCLI_AUTH', 'redis-cli', 'PING'])).toContain('NOAUTH');
    // the gateway was refused no command
    for (const n of REPLICAS) expect((await seriesOf(n)).sum('sluice_degraded', {})).toBe(0);
    expect(await system.compose('logs', 'gateway')).not.toContain('NOPERM');
  });

  it('runs the images as an unprivileged user, without development dependencies', async () => {
    for (const service of ['gateway', 'simulator']) {
      expect((await system.exec(service, ['id', '-u'])).trim()).toBe('1000');
      expect(await system.exec(service, ['sh', '-c', 'echo x > /app/x'])).toMatch(/Read-only|Permission denied/);
      const modules = await system.exec(service, ['sh', '-c', 'find / -type d -path "*/node_modules/*" -maxdepth 7 2>/dev/null']);
      expect(modules).toContain('express');
      for (const name of ['jest', 'typescript', '@swc', 'fast-check', '@biomejs', 'testcontainers', 'openai']) {
        expect([name, new RegExp(`node_modules/(?:\\.pnpm/)?${name}(?:@[^/]*)?$`, 'm').test(modules)]).toEqual([name, false]);
      }
    }
  });

  it('restores its state after a restart of Redis, and continues without the cache', async () => {
    const made = await askAdmin(system.adminUrl, ADMIN_KEY, 'POST', '/keys', { name: 'survivor' });
    const key = made.json['secret'] as string;
    expect((await ask(system.url, chat('openai/quick', 'x'), { key })).status).toBe(200);
    // an append-only file may lose the last second
    await waitFor(
      async () => /aof_pending_bio_fsync:0/.test(await redisOf('redis-state', 'INFO', 'persistence')),
      'the file to be written',
    );
    await system.compose('restart', 'redis-state');
    await waitFor(
      async () => (await Promise.all(REPLICAS.map(seriesOf))).every((series) => series.sum('sluice_redis_up', {}) === 1),
      'all replicas to be connected again',
      30_000,
    );
    expect((await ask(system.url, chat('openai/quick', 'x'), { key })).status).toBe(200);
    await system.compose('kill', '--signal', 'SIGKILL', 'redis-cache');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => ask(system.url, chat('openai/quick', `no cache ${n}`), { key })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
  });
});
