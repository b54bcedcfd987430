import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, readSettings, type Stats, startGateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { askAdmin, ask as askOnce, chat } from '../support/ask.ts';

/** The gateway without any configuration, tested over HTTP with the calls of the pattern's notebook. */
describe('the demonstration', () => {
  let gateway: Gateway;
  let client: OpenAI;

  const ask = (content: string, optimizeFor: string, key = 'sk-sluice-demo') =>
    askOnce(gateway.url, chat('demo', content), { key, headers: { 'x-sluice-optimize-for': optimizeFor } });
  const figures = async () =>
    (await askAdmin(gateway.adminUrl, 'sk-sluice-admin-demo', 'GET', '/stats')).json as unknown as Stats;

  beforeAll(async () => {
    gateway = await startGateway(readSettings({ PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error' }));
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-sluice-demo', maxRetries: 0 });
  });
  afterAll(() => gateway.close(0));

  // runs first, before any call is measured: on a busy machine the measured latencies of providers that differ by 100 ms mix
  it.each([
    ['cost', 'google', 0.0006],
    ['speed', 'anthropic', 0.0008],
  ])('routes by %s to %s, and reports the cost', async (preference, provider, usdPerCharacter) => {
    const content = `Which way by ${preference}?`;
    const { headers } = await ask(content, preference);
    expect(headers.get('x-sluice-provider')).toBe(provider);
    expect(Number(headers.get('x-sluice-cost-usd'))).toBeCloseTo(content.length * usdPerCharacter, 9);
  });

  it("returns the README's response to the README's curl", async () => {
    const [, shown = ''] = /```json\n([^`]*)```/.exec(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')) ?? [];
    const expected = JSON.parse(shown) as Record<string, unknown>;
    const answer = await askOnce(gateway.url, chat('demo', 'Hello'), { key: 'sk-sluice-demo' });
    expect(answer.json).toEqual({ ...expected, id: expect.stringMatching(/^chatcmpl-sim-/) });
  });

  it('serves the official SDK, and serves its second call from the cache', async () => {
    const askSdk = () =>
      client.chat.completions
        .create({ model: 'demo', messages: [{ role: 'user', content: 'What is a sluice?' }] })
        .withResponse();
    const first = await askSdk();
    expect(first.data.choices[0]?.message.content).toBe('Simulated answer to: What is a sluice?');
    expect(first.response.headers.get('x-sluice-cache')).toBe('miss');
    const second = await askSdk();
    expect(second.data).toEqual(first.data);
    expect(second.response.headers.get('x-sluice-cache')).toBe('hit');
  });

  it('refuses an invalid key', async () => {
    const unauthenticated = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(unauthenticated.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('admits five of six requests of user123 in a minute', async () => {
    const audited = async () =>
      (await askAdmin(gateway.adminUrl, 'sk-sluice-admin-demo', 'GET', '/audit?limit=1000')).json['records'];
    const user = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'user123', maxRetries: 0 });
    const askOf = (n: number) =>
      user.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: `question ${n}` }] });
    const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(askOf));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused).toMatchObject({ reason: { status: 429, code: 'rate_limit_exceeded' } });
    // every call has a record
    const records = ((await audited()) as { key: string; status: number }[]).filter((record) => record.key === 'user123');
    expect(records.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('serves six prompts, three of them repeated, with three calls and half the cost', async () => {
    const before = await figures();
    const prompts = ['Alpha?', 'Bravo?', 'Gamma?'];
    const answers = [];
    for (const content of [...prompts, ...prompts]) answers.push(await ask(content, 'cost'));
    expect(answers.map(({ headers }) => headers.get('x-sluice-cache'))).toEqual(['miss', 'miss', 'miss', 'hit', 'hit', 'hit']);
    const after = await figures();
    const calls = (of: Stats) => Object.values(of.providers).reduce((sum, provider) => sum + provider.calls, 0);
    expect(calls(after) - calls(before)).toBe(3);
    expect(after.cacheHits - before.cacheHits).toBe(3);
    expect(after.costUsd - before.costUsd).toBeCloseTo(3 * 6 * 0.0006, 9);
    expect(after.costSavedUsd - before.costSavedUsd).toBeCloseTo(3 * 6 * 0.0006, 9);
  });

  it('balances over the three providers, least used first', async () => {
    const callsOf = async () =>
      Object.fromEntries(Object.entries((await figures()).providers).map(([name, { calls }]) => [name, calls]));
    for (let n = 0; n < 12; n++) await ask(`Balance ${n}`, 'balanced');
    const counts = Object.values(await callsOf());
    expect(counts).toHaveLength(3);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('shows the totals of all calls on the dashboard', async () => {
    const { totalRequests, authenticationFailures, cacheHitRate, status, providers } = await figures();
    // calls: the README's curl, three of the SDK, six of user123, two by preference, six for the cache, twelve for balancing
    expect(totalRequests).toBe(1 + 3 + 6 + 2 + 6 + 12);
    expect(authenticationFailures).toBe(1);
    // two of these 30 calls were refused before the cache look-up
    expect(cacheHitRate).toBeCloseTo(4 / 28, 9);
    expect(status).toBe('low_cache_efficiency');
    expect(Object.values(providers).reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it('streams word by word', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-sluice-demo', 'content-type': 'application/json' },
      body: JSON.stringify({ ...chat('demo', 'one two three four five'), stream: true }),
    });
    const pieces: string[] = [];
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) pieces.push(decoder.decode(piece));
    expect(pieces.join('')).toContain('[DONE]');
    // the client reads events as soon as they are sent
    expect(pieces.length).toBeGreaterThan(5);
  });
});
