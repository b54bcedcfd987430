import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Stats } from '@sluice/gateway';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-test';

interface Row {
  readonly cache: string;
  readonly costUsd: number | null;
  readonly savedUsd: number | null;
  readonly attempts: number;
  readonly outcome: string;
}

describe('coalesced calls at three replicas', () => {
  let replicas: Replicas;
  afterEach(() => replicas.stop());

  const start = async (): Promise<void> => {
    replicas = await startGateway({
      replicas: 3,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { priced: { targets: [{ provider: 'up', model: 'slow+latency=1000', price: { input: 1, output: 2 } }] } },
        keys: [{ name: 'free', secret: KEY, cache: { coalesce: true } }],
        cache: { exact: { ttl: '1h' } },
      }),
    });
  };
  const urlOf = (n: number): string => replicas.gateways[n % 3]?.url as string;
  const upstreamCalls = (text: string): number =>
    replicas.simulator.journal.entries.filter(({ body }) => body.includes(text)).length;
  const cacheOf = (answers: readonly { headers: Headers }[], state: string): number =>
    answers.filter(({ headers }) => headers.get('x-sluice-cache') === state).length;

  it('serves 1,000 identical calls by one call to the provider, and charges one', async () => {
    await start();
    const body = chat('priced', 'all at once');
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, n) => ask(urlOf(n), body, { key: KEY })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(upstreamCalls('all at once')).toBe(1);
    expect(cacheOf(answers, 'miss')).toBe(1);
    expect(cacheOf(answers, 'coalesced') + cacheOf(answers, 'hit')).toBe(999);
    const admin = replicas.gateways[0]?.adminUrl as string;
    const statistics = async () => (await askAdmin(admin, ADMIN_KEY, 'GET', '/stats')).json as unknown as Stats;
    await waitFor(async () => (await statistics()).totalRequests === 1_000, 'the statistics of all replicas');
    const stats = await statistics();
    expect(stats.cacheTiers.coalesced.hits).toBe(cacheOf(answers, 'coalesced'));
    expect(stats.costUsd).toBeGreaterThan(0);
    expect(stats.costSavedUsd / stats.costUsd).toBeCloseTo(999, 3);
    const { records } = (await askAdmin(admin, ADMIN_KEY, 'GET', '/audit?limit=1000')).json as unknown as { records: Row[] };
    const paid = records.filter(({ costUsd }) => (costUsd ?? 0) > 0);
    expect([records.length, paid.length, paid[0]?.cache]).toEqual([1_000, 1, 'miss']);
    for (const { cache, costUsd, savedUsd, attempts, outcome } of records) {
      if (cache === 'miss') continue;
      expect([costUsd, savedUsd, attempts, outcome]).toEqual([0, paid[0]?.costUsd, 0, 'answered']);
    }
  });

  it('shares a stream while it arrives, with calls of its replica that join later', async () => {
    await start();
    const body = { ...chat('up/slow+latency=100+tps=20', 'live'), stream: true };
    const first = ask(urlOf(0), body, { key: KEY });
    await waitFor(() => upstreamCalls('live') === 1, 'the call to the provider');
    const later = await Promise.all([ask(urlOf(0), body, { key: KEY }), ask(urlOf(0), body, { key: KEY })]);
    const { text } = await first;
    expect(text).toContain('[DONE]');
    expect(later.map((answer) => answer.text)).toEqual([text, text]);
    expect(upstreamCalls('live')).toBe(1);
  });

  it('makes at most one more call if the leader is killed, and no other client sees an error', async () => {
    await start();
    const body = chat('up/slow+latency=2000', 'killed');
    const leader = ask(urlOf(0), body, { key: KEY });
    const lost = expect(leader).rejects.toThrow();
    await waitFor(() => upstreamCalls('killed') === 1, 'the call to the provider');
    const others = Array.from({ length: 100 }, (_, n) => ask(urlOf(1 + (n % 2)), body, { key: KEY }));
    await replicas.gateways[0]?.stop('SIGKILL');
    await lost;
    const answers = await Promise.all(others);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(upstreamCalls('killed')).toBe(2);
  });

  it('continues for the others when the client of the leader disconnects', async () => {
    await start();
    const body = chat('up/slow+latency=1500', 'abandoned');
    const abort = new AbortController();
    const gone = ask(urlOf(0), body, { key: KEY, signal: abort.signal }).catch((error: Error) => error.name);
    await waitFor(() => upstreamCalls('abandoned') === 1, 'the call to the provider');
    const other = ask(urlOf(0), body, { key: KEY });
    const elsewhere = ask(urlOf(1), body, { key: KEY });
    // both have to arrive before the first client leaves
    await waitFor(async () => (await inFlight(replicas, 0)) + (await inFlight(replicas, 1)) === 3, 'all calls to arrive');
    abort.abort();
    expect(await gone).toBe('AbortError');
    const answers = await Promise.all([other, elsewhere]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(upstreamCalls('abandoned')).toBe(1);
  });
});

async function inFlight({ gateways }: Replicas, n: number): Promise<number> {
  const text = await (await fetch(`${gateways[n]?.adminUrl}/metrics`)).text();
  return Number(/^sluice_in_flight_requests (\d+)$/m.exec(text)?.[1] ?? 0);
}
