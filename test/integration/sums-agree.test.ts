import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { type Answer, ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { rawClient } from '../support/raw-client.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Row {
  readonly reason: string;
  readonly calls: number;
  readonly errors: number;
  readonly hits: number;
  readonly costUsd: number;
  readonly savedUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface AuditRow {
  readonly key: string | null;
  readonly outcome: string;
  readonly error: string | null;
  readonly status: number;
  readonly cache: string;
  readonly costUsd: number | null;
  readonly savedUsd: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

const nanos = (usd: number | null): number => Math.round((usd ?? 0) * 1e9);
const total = <T>(rows: readonly T[], amount: (row: T) => number): number => rows.reduce((sum, row) => sum + amount(row), 0);
const tally = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]));

/** The outcomes that the load must contain: responses, and every refusal and failure that it provokes. */
const REASONS = [
  '',
  'address_not_allowed',
  'client_closed',
  'insufficient_quota',
  'invalid_api_key',
  'invalid_request',
  'model_not_allowed',
  'model_not_found',
  'not_cached',
  'rate_limit_exceeded',
  'rejected_by_provider',
  'request_too_large',
  'upstream_error',
  'upstream_truncated',
];

describe('the sums of a mixed load', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    const price = { input: 10, output: 30 };
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          good: { targets: [{ provider: 'up', model: 'good', price }] },
          slow: { targets: [{ provider: 'up', model: 'slow+tps=5', price }] },
          broken: { targets: [{ provider: 'up', model: 'broken+status=500', price }] },
          rejects: { targets: [{ provider: 'up', model: 'rejects+status=400', price }] },
          cut: { targets: [{ provider: 'up', model: 'cut+fault=truncated', price }] },
        },
        keys: [
          { name: 'app', secret: 'key-app', budget: '1000 USD/month' },
          { name: 'limited', secret: 'key-limited', limits: { requests: '1/h' } },
          { name: 'poor', secret: 'key-poor', budget: '0.000001 USD' },
          { name: 'narrow', secret: 'key-narrow', models: ['slow'] },
          { name: 'elsewhere', secret: 'key-elsewhere', allowedIps: ['192.0.2.1'] },
        ],
        cache: { exact: { ttl: '1h' } },
        resilience: { breaker: { consecutive: 1_000, minimum: 1_000 } },
        limits: { body: '64KiB' },
      }),
    });
  });
  afterAll(() => replicas.stop());

  const gateway = (n: number) => replicas.gateways[n % 2] as Replicas['gateways'][number];
  let calls = 0;
  const send = (
    model: string,
    content: string,
    key: string | undefined = 'key-app',
    more: object = {},
    headers = {},
  ): Promise<Answer> =>
    ask(gateway(calls++).url, chat(model, content, { max_tokens: 20, ...more }), { ...(key === '' ? {} : { key }), headers });
  const admin = async (path: string) => (await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', path)).json;
  const records = async (): Promise<AuditRow[]> => {
    const found: AuditRow[] = [];
    for (let cursor = '', next: unknown = ''; next !== undefined; cursor = `&cursor=${next}`) {
      const part = await admin(`/audit?limit=1000${cursor}`);
      found.push(...(part['records'] as AuditRow[]));
      next = part['next'];
    }
    return found;
  };

  it('reports equal sums in responses, /stats, /usage, audit trail, metrics and meters', async () => {
    for (let n = 0; n < 12; n++) {
      // long enough for a complete answer: one that a limit has cut is not cached
      await send('good', `question ${n % 8}`, 'key-app', { max_tokens: 200 });
      await send('good', `stream ${n % 3}`, 'key-app', { stream: true, max_tokens: 200 });
      await send('good', 'x', n % 2 === 0 ? '' : 'key-unknown');
    }
    for (let n = 0; n < 3; n++) {
      await send('nowhere', 'x');
      await send('good', 'x', 'key-narrow');
      await send('good', 'x', 'key-elsewhere');
      await send('good', `y ${n}`, 'key-limited');
      await send('good', 'x', 'key-poor');
      await send('good', 'x', 'key-app', { messages: 5 });
      await send('good', 'x'.repeat(70_000));
      await send('good', `never ${n}`, 'key-app', {}, { 'cache-control': 'only-if-cached' });
      await send('rejects', 'x');
      await send('cut', `one two three four five six seven eight ${n}`, 'key-app', { stream: true });
    }
    for (let n = 0; n < 2; n++) await send('broken', 'x');
    for (let n = 0; n < 2; n++) {
      calls++;
      const client = rawClient(gateway(n).url, 'key-app', chat('slow', 'one two three four five six', { stream: true }));
      await waitFor(() => client.text().includes('data:'), 'the stream to begin');
      client.socket.destroy();
    }
    await waitFor(async () => (await records()).length === calls, 'all records');

    const trail = await records();
    const usage = (await admin('/usage?by=reason')) as unknown as { rows: Row[]; total: Row };
    const reasons = trail.map(({ outcome, error }) => (outcome === 'answered' ? '' : (error ?? 'rejected_by_provider')));
    expect(REASONS.filter((reason) => !reasons.includes(reason))).toEqual([]);
    expect(Object.fromEntries(usage.rows.map(({ reason, calls }) => [reason, calls]))).toEqual(tally(reasons));
    expect(usage.total).toMatchObject({ calls, errors: reasons.filter((reason) => reason !== '').length });

    const costs = total(trail, ({ costUsd }) => nanos(costUsd));
    const saved = total(trail, ({ savedUsd }) => nanos(savedUsd));
    const hits = trail.filter(({ cache }) => cache === 'hit').length;
    expect([hits > 0, costs > 0, saved > 0]).toEqual([true, true, true]);
    expect([nanos(usage.total.costUsd), nanos(usage.total.savedUsd), usage.total.hits]).toEqual([costs, saved, hits]);
    const used = trail.filter(({ cache }) => cache !== 'hit');
    const tokens = [total(used, (one) => one.inputTokens ?? 0), total(used, (one) => one.outputTokens ?? 0)];
    expect([usage.total.inputTokens, usage.total.outputTokens]).toEqual(tokens);

    // the other replica's numbers arrive with its next exchange
    await waitFor(async () => (await admin('/stats'))['totalRequests'] === calls, '/stats to count every call');
    const stats = await admin('/stats');
    expect(stats).toMatchObject({
      totalRequests: calls,
      cacheHits: hits,
      authenticationFailures: tally(reasons)['invalid_api_key'],
    });
    expect([nanos(Number(stats['costUsd'])), nanos(Number(stats['costSavedUsd']))]).toEqual([costs, saved]);

    const metrics = await Promise.all(
      replicas.gateways.map(async ({ adminUrl }) => parseExposition(await (await fetch(`${adminUrl}/metrics`)).text())),
    );
    const sum = (name: string, labels: Record<string, string> = {}) => total(metrics, (page) => page.sum(name, labels));
    expect(sum('sluice_requests_total')).toBe(calls);
    for (const [status, count] of Object.entries(tally(trail.map((one) => String(one.status))))) {
      expect([status, sum('sluice_requests_total', { status })]).toEqual([status, count]);
    }
    expect(nanos(sum('sluice_cost_usd_total'))).toBe(costs);
    expect(nanos(sum('sluice_saved_usd_total'))).toBe(saved);
    expect([sum('sluice_tokens_total', { type: 'input' }), sum('sluice_tokens_total', { type: 'output' })]).toEqual(tokens);

    const ofApp = total(
      trail.filter(({ key }) => key === 'app'),
      ({ costUsd }) => nanos(costUsd),
    );
    await waitFor(
      async () => ((await admin('/keys/app'))['spending'] as { reservedUsd: number }).reservedUsd === 0,
      'the last call to be settled',
    );
    const { spending } = (await admin('/keys/app')) as { spending: { spentUsd: number } };
    expect(nanos(spending.spentUsd)).toBe(ofApp);
  });
});
