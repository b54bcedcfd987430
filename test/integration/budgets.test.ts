import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { type Answer, ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Budget {
  readonly period: string;
  readonly limitUsd: number;
  readonly spentUsd: number;
  readonly reservedUsd: number;
}

describe('budgets and tokens over three replicas', () => {
  let replicas: Replicas;
  const gateway = (n: number) => replicas.gateways[n % replicas.gateways.length] as Replicas['gateways'][number];
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 3,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          // each call costs one cent, whatever its content
          flat: { targets: [{ provider: 'up', model: 'flat', price: { input: 0, output: 0, request: 0.01 } }] },
          byTokens: { targets: [{ provider: 'up', model: 'tokens', price: { input: 30, output: 70 } }] },
          slow: { targets: [{ provider: 'up', model: 'slow+latency=60000', price: { input: 0, output: 0, request: 0.25 } }] },
          stream: { targets: [{ provider: 'up', model: 'stream+tps=20', price: { input: 1_000, output: 1_000 } }] },
          unpriced: { targets: [{ provider: 'up', model: 'unpriced' }] },
        },
        keys: [
          { name: 'hundred', secret: 'key-hundred', budget: '1 USD/month' },
          { name: 'sums', secret: 'key-sums', budget: '1000 USD/month' },
          { name: 'killed', secret: 'key-killed', budget: '1 USD' },
          { name: 'streams', secret: 'key-streams', budget: '1000 USD/day' },
          { name: 'free', secret: 'key-free' },
          { name: 'soft', secret: 'key-soft', budget: '0.05 USD/day soft', limits: { unpriced: 'refuse' } },
          { name: 'tokens', secret: 'key-tokens', limits: { tokens: '1000/min' } },
          { name: 'web-a', secret: 'key-web-a', team: 'web', models: ['fl*'] },
          { name: 'web-b', secret: 'key-web-b', team: 'web' },
          { name: 'app', secret: 'key-app', tenant: 'acme' },
        ],
        tenants: { acme: { budget: '0.3 USD' } },
        teams: { web: { tenant: 'acme', budget: '0.2 USD' } },
      }),
    });
  });
  afterAll(() => replicas.stop());

  const budgetOf = async (key: string): Promise<Budget> => {
    const { json } = await askAdmin(gateway(1).adminUrl, ADMIN_KEY, 'GET', `/keys/${key}`);
    return json['spending'] as Budget;
  };
  const send = (n: number, model: string, key: string, more: object = {}): Promise<Answer> =>
    ask(gateway(n).url, chat(model, `call ${n}`, more), { key });

  it('admits exactly 100 of 1,000 concurrent calls when the budget pays for 100', async () => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, n) => send(n, 'flat', 'key-hundred')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(900);
    // on a busy machine the hundred calls may still be in flight when the others have waited for the maximum time
    const retried = { insufficient_quota: 'false', budget_in_flight: 'true' };
    for (const { code, headers } of refused) expect(headers.get('x-should-retry')).toBe(retried[code as keyof typeof retried]);
    await waitFor(async () => (await budgetOf('hundred')).reservedUsd === 0, 'the last call to be settled');
    expect(await budgetOf('hundred')).toMatchObject({ limitUsd: 1, spentUsd: 1, period: new Date().toISOString().slice(0, 7) });
    const rejected = await Promise.all(
      replicas.gateways.map(async ({ adminUrl }) =>
        parseExposition(await (await fetch(`${adminUrl}/metrics`)).text()).sum('sluice_budget_rejected_total', {}),
      ),
    );
    expect(rejected.reduce((sum, one) => sum + one, 0)).toBe(900);
    // the official SDKs retry by default unless a header forbids it
    const last = await send(0, 'flat', 'key-hundred');
    expect([last.status, last.code, last.headers.get('x-should-retry')]).toEqual([429, 'insufficient_quota', 'false']);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('spends exactly the cost in the replies, to the nano-dollar', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, n) => send(n, n % 4 === 0 ? 'flat' : 'byTokens', 'key-sums', { max_tokens: 1 + (n % 40) })),
    );
    const costs = answers.map(({ status, headers }) => {
      expect(status).toBe(200);
      return Math.round(Number(headers.get('x-sluice-cost-usd')) * 1e9);
    });
    await waitFor(async () => (await budgetOf('sums')).reservedUsd === 0, 'the last call to be settled');
    const { spentUsd } = await budgetOf('sums');
    expect(Math.round(spentUsd * 1e9)).toBe(costs.reduce((sum, cost) => sum + cost, 0));
    // the sums of usage agree, whichever replica wrote them
    const usage = async () =>
      (await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', '/usage?by=key,model&key=sums')).json as {
        rows: Record<string, unknown>[];
        total: Record<string, number>;
      };
    await waitFor(async () => (await usage()).total['calls'] === 120, 'the usage of all replicas to be written');
    const { rows, total } = await usage();
    expect(rows).toMatchObject([
      { key: 'sums', model: 'byTokens', calls: 90 },
      { key: 'sums', model: 'flat', calls: 30, costUsd: 0.3 },
    ]);
    expect(total).toMatchObject({ costUsd: spentUsd, errors: 0, unpriced: 0, hits: 0 });
    // a model with an unknown price is served, and adds nothing to the cost
    expect((await send(1, 'unpriced', 'key-sums')).status).toBe(200);
    await waitFor(async () => (await usage()).total['unpriced'] === 1, 'the usage of the call without a price');
  });

  it('serves calls over a soft budget with a warning, and refuses models without a price when the key requires one', async () => {
    const answers = await Promise.all(Array.from({ length: 9 }, (_, n) => send(n, 'flat', 'key-soft')));
    expect(answers.map(({ status }) => status)).toEqual(Array(9).fill(200));
    await waitFor(async () => (await budgetOf('soft')).spentUsd === 0.09, 'the calls to be settled');
    expect(await budgetOf('soft')).toMatchObject({ soft: true, limitUsd: 0.05, reservedUsd: 0 });
    const exceeded = await Promise.all(
      replicas.gateways.map(async ({ adminUrl }) =>
        parseExposition(await (await fetch(`${adminUrl}/metrics`)).text()).sum('sluice_budget_exceeded_total', { owner: 'key' }),
      ),
    );
    expect(exceeded.reduce((sum, one) => sum + one, 0)).toBe(4);
    await waitFor(async () => {
      const { json } = await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', '/audit?limit=1000');
      const records = json['records'] as Record<string, unknown>[];
      return records.filter(({ key, overBudget }) => key === 'soft' && overBudget !== undefined).length === 4;
    }, 'the records of the calls over it');
    expect((await send(0, 'unpriced', 'key-soft')).code).toBe('model_not_allowed');
    const images = await ask(gateway(0).url, { prompt: 'x' }, { key: 'key-soft', path: '/v1/images/generations' });
    expect(images.code).toBe('model_not_allowed');
  });

  it.each([
    ['a budget', 'key-streams'],
    ['no limits at all', 'key-free'],
  ])(
    'bills 20 streams of a key with %s for the delivered tokens when clients disconnect at random points',
    async (_what, key) => {
      replicas.simulator.journal.clear();
      const before = key === 'key-streams' ? (await budgetOf('streams')).spentUsd : 0;
      const leave = async (n: number) => {
        const left = new AbortController();
        const content = `stream ${n} ${key} ${'word '.repeat(200)}`;
        const response = await fetch(`${gateway(n).url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify(chat('stream', content, { stream: true, max_tokens: 5_000 })),
          signal: left.signal,
        });
        const reader = response.body?.getReader();
        const events = 1 + Math.floor(Math.random() * 15);
        let seen = 0;
        while (seen < events) {
          const { value = new Uint8Array() } = (await reader?.read()) ?? {};
          seen += Buffer.from(value).toString().split('\n\n').length - 1;
        }
        left.abort();
        return { id: response.headers.get('x-request-id') as string, content, seen };
      };
      const streams = await Promise.all(Array.from({ length: 20 }, (_, n) => leave(n)));
      const { entries } = replicas.simulator.journal;
      await waitFor(
        () => entries.length === 20 && entries.every(({ outcome }) => outcome === 'abandoned'),
        'the provider to see a disconnect',
      );
      type Line = { requestId: string; outcome: string; estimated: boolean; outputTokens: number; costUsd: number };
      const recordsOf = async () => {
        const { json } = await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', '/audit?limit=1000');
        return (json['records'] as Line[]).filter(({ requestId }) => streams.some(({ id }) => id === requestId));
      };
      await waitFor(async () => (await recordsOf()).length === 20, 'the records');
      const records = await recordsOf();
      for (const { id, content, seen } of streams) {
        const record = records.find(({ requestId }) => requestId === id);
        const entry = entries.find(({ body }) => body.includes(content));
        expect(record).toMatchObject({ outcome: 'cancelled', estimated: true });
        // the first event has the role, each further event has one word; the last event may not have arrived before the
        // disconnect
        expect(record?.outputTokens).toBeGreaterThanOrEqual(seen - 1);
        expect(record?.outputTokens).toBeGreaterThanOrEqual((entry?.events ?? 0) - 2);
        expect(record?.outputTokens).toBeLessThanOrEqual((entry?.events ?? 0) - 1);
      }
      if (key !== 'key-streams') return;
      const cost = records.reduce((sum, { costUsd }) => sum + Math.round(costUsd * 1e9), 0);
      await waitFor(async () => (await budgetOf('streams')).reservedUsd === 0, 'the streams to be settled');
      expect(Math.round(((await budgetOf('streams')).spentUsd - before) * 1e9)).toBe(cost);
    },
  );

  it('counts the tokens that calls used, over all replicas', async () => {
    // a call reserves 100 output tokens and uses about 50 tokens in total, so that more calls pass than the reservations alone
    // would allow
    let passed = 0;
    for (let n = 0; n < 40; n++) {
      const { status, headers } = await send(n, 'byTokens', 'key-tokens', { max_tokens: 100 });
      if (status === 429) {
        expect(headers.get('x-ratelimit-limit-tokens')).toBe('1000');
        break;
      }
      passed++;
    }
    expect(passed).toBeGreaterThan(12);
    expect(passed).toBeLessThan(40);
  });

  it("enforces a team's and a tenant's budget in addition to each key's own", async () => {
    const keys = ['key-web-a', 'key-web-b'];
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => send(n, 'flat', keys[n % 2] as string)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.find(({ status }) => status === 429)?.text).toContain('The budget of the team web');
    // the tenant's spending includes its team's spending
    const others = await Promise.all(Array.from({ length: 30 }, (_, n) => send(n, 'flat', 'key-app')));
    expect(others.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(others.find(({ status }) => status === 429)?.text).toContain('The budget of the tenant acme');
    const listed = async (kind: 'teams' | 'tenants') =>
      (await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', `/${kind}`)).json[kind] as { spending: Budget }[];
    await waitFor(async () => (await listed('tenants'))[0]?.spending.reservedUsd === 0, 'the last call to be settled');
    expect(await listed('teams')).toMatchObject([
      { name: 'web', tenant: 'acme', budget: '0.2 USD', spending: { spentUsd: 0.2, reservedUsd: 0 } },
    ]);
    expect(await listed('tenants')).toMatchObject([{ name: 'acme', spending: { spentUsd: 0.3 } }]);
    // a key's models may be patterns
    expect((await send(0, 'byTokens', 'key-web-a')).code).toBe('model_not_allowed');
  });

  it("applies the team's budget to a key that is made in the team", async () => {
    const make = (body: object) => askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'POST', '/keys', body);
    expect((await make({ name: 'x', team: 'nobody' })).text).toContain('there is no team');
    expect((await make({ name: 'x', team: 'web', tenant: 'other' })).text).toContain("expected 'acme'");
    const { json } = await make({ name: 'made', team: 'web', budget: '5 USD/day' });
    expect(json).toMatchObject({ tenant: 'acme', team: 'web', budget: '5 USD/day' });
    expect((await send(1, 'flat', json['secret'] as string)).text).toContain('The budget of the team web');
  });

  it('releases the reservations of a killed replica when its lease has expired', async () => {
    const calls = Array.from({ length: 4 }, (_, n) => send(2, 'slow', 'key-killed').catch(() => n));
    await waitFor(async () => (await budgetOf('killed')).reservedUsd === 1, 'four calls to be under way');
    const refused = await send(0, 'flat', 'key-killed');
    expect([refused.status, refused.code]).toEqual([429, 'budget_in_flight']);
    expect(refused.headers.get('x-should-retry')).toBe('true');
    expect(refused.headers.get('retry-after')).toBe('1');
    await gateway(2).stop('SIGKILL');
    await Promise.all(calls);
    // a further call finds the budget free
    await waitFor(async () => (await send(0, 'flat', 'key-killed')).status === 200, 'the lease of the dead to be over', 45_000);
    await waitFor(async () => (await budgetOf('killed')).reservedUsd === 0, 'the call to be settled');
    expect(await budgetOf('killed')).toMatchObject({ spentUsd: 0.01, period: 'total' });
  }, 70_000);
});
