import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Stats } from '@sluice/gateway';
import { type AskOptions, askAdmin, ask as askOnce, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

describe('three replicas on one Redis', () => {
  let replicas: Replicas;
  const urlOf = (n: number): string => replicas.gateways[n % 3]?.url as string;
  let asked = 0;
  const ask = (url: string, body: object, options: AskOptions) => {
    asked++;
    return askOnce(url, body, options);
  };
  const adminOf = (n: number): string => replicas.gateways[n % 3]?.adminUrl as string;

  beforeAll(async () => {
    const price = { input: 1, output: 2 };
    replicas = await startGateway({
      replicas: 3,
      config: (baseUrl) => ({
        providers: { left: { baseUrl }, middle: { baseUrl }, right: { baseUrl } },
        models: {
          plain: { targets: [{ provider: 'left', model: 'plain', price }] },
          spread: {
            strategy: 'balanced',
            targets: ['left', 'middle', 'right'].map((provider) => ({ provider, model: `of-${provider}`, price })),
          },
        },
        keys: [
          { name: 'limited', secret: 'key-limited', limits: { requests: '100/min' } },
          { name: 'same-id', secret: 'key-same-id', limits: { requests: '5/min', concurrent: 50 } },
          { name: 'in-flight', secret: 'key-in-flight', limits: { concurrent: 5 } },
          { name: 'free', secret: 'key-free' },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
    });
  });
  afterAll(() => replicas.stop());

  it('admits exactly 100 of 500 concurrent calls when the limit is 100', async () => {
    const calls = Array.from({ length: 500 }, (_, n) => ask(urlOf(n), chat('plain', `at once ${n}`), { key: 'key-limited' }));
    const answers = await Promise.all(calls);
    const passed = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status === 429);
    expect([passed.length, refused.length]).toEqual([100, 400]);
    expect(new Set(refused.map((answer) => answer.code))).toEqual(new Set(['rate_limit_exceeded']));
    for (const answer of refused) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const atOnce = replicas.simulator.journal.entries.filter((entry) => entry.body.includes('at once'));
    expect(atOnce).toHaveLength(100);
  });

  it('counts every call of a client that uses the same request id for all of them', async () => {
    const options = { key: 'key-same-id', headers: { 'x-request-id': 'the-same-for-all' } };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(urlOf(n), chat('plain', `same ${n}`), options)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(5);
    expect(answers.filter((answer) => answer.code === 'rate_limit_exceeded')).toHaveLength(15);
    for (const answer of answers) expect(answer.headers.get('x-request-id')).toBe('the-same-for-all');
  });

  it('never exceeds a limit of in-flight calls, and frees the permits', async () => {
    const slow = (n: number) => ask(urlOf(n), chat('left/slow+latency=400', `in flight ${n}`), { key: 'key-in-flight' });
    const first = await Promise.all(Array.from({ length: 12 }, (_, n) => slow(n)));
    expect(first.filter((answer) => answer.status === 200)).toHaveLength(5);
    expect(first.filter((answer) => answer.code === 'rate_limit_exceeded')).toHaveLength(7);
    await waitFor(async () => (await slow(99)).status === 200, 'a slot to be free again');
  });

  it('serves a response from the cache on each replica after one replica cached it', async () => {
    const body = chat('plain', 'cached by the first');
    const options = { key: 'key-free', headers: { 'x-sluice-cache-namespace': 'replicas' } };
    const first = await ask(urlOf(0), body, options);
    expect(first.headers.get('x-sluice-cache')).toBe('miss');
    // the client has the answer a moment before Redis has the entry
    const entries = () => askAdmin(adminOf(0), ADMIN_KEY, 'GET', '/cache?tenant=free&namespace=replicas');
    await waitFor(async () => (await entries()).json['total'] === 1, 'the entry to be in Redis');
    for (const n of [1, 2, 0]) {
      const answer = await ask(urlOf(n), body, options);
      expect(answer.headers.get('x-sluice-cache')).toBe('hit');
      expect(answer.text).toBe(first.text);
    }
  });

  it.each(['made', 'configured'])('refuses a %s key on all replicas soon after its revocation on one', async (kind) => {
    let key = 'key-in-flight';
    let name = 'in-flight';
    if (kind === 'made') {
      name = 'short-lived';
      const made = await askAdmin(adminOf(0), ADMIN_KEY, 'POST', '/keys', { name });
      expect(made.status).toBe(201);
      key = made.json['secret'] as string;
    }
    // every replica has the key in its memory
    for (const n of [0, 1, 2]) expect((await ask(urlOf(n), chat('plain', 'warm'), { key })).status).toBe(200);
    expect((await askAdmin(adminOf(1), ADMIN_KEY, 'DELETE', `/keys/${name}`)).status).toBe(204);
    const refused = async (n: number) => (await ask(urlOf(n), chat('plain', 'warm'), { key })).code === 'invalid_api_key';
    await waitFor(async () => (await Promise.all([0, 1, 2].map(refused))).every(Boolean), 'all replicas to refuse');
  });

  it("balances over all replicas' calls, and shows the same sums of usage at each replica", async () => {
    const statsAt = async (n: number) => (await askAdmin(adminOf(n), ADMIN_KEY, 'GET', '/stats')).json as unknown as Stats;
    const exchanged = () =>
      waitFor(async () => (await statsAt(0)).totalRequests === asked, 'the usage of all calls to be exchanged');
    await exchanged();
    const before = await statsAt(0);
    const ROUNDS = 60;
    // in sequence, each call at another replica: each replica must know the calls of the previous one
    for (let n = 0; n < ROUNDS; n++) {
      expect((await ask(urlOf(n), chat('spread', `balance ${n}`), { key: 'key-free' })).status).toBe(200);
    }
    const served = (provider: string): number =>
      replicas.simulator.journal.entries.filter((entry) => entry.model === `of-${provider}`).length;
    const counts = ['left', 'middle', 'right'].map(served);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
    // replicas exchange their loads every 200 ms, and each assigns a few calls in between
    for (const count of counts) expect(Math.abs(count - ROUNDS / 3)).toBeLessThanOrEqual(10);

    await exchanged();
    const [first, second, third] = await Promise.all([0, 1, 2].map(statsAt));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const calls = (figures: Stats, provider: string) => figures.providers[provider]?.calls ?? 0;
    expect(calls(first as Stats, 'middle') - calls(before, 'middle')).toBe(counts[1]);
    expect(calls(first as Stats, 'right') - calls(before, 'right')).toBe(counts[2]);
  });
});
