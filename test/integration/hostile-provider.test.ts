import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const PROVIDER_KEY = 'sk-the-key-of-the-provider';
const PRICE = { input: 10, output: 30 };
const LARGEST = Number.MAX_SAFE_INTEGER;

const answer = (usage: unknown, content = 'some words of an answer') =>
  JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  });

describe('providers with invalid responses', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let made = 0;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGatewayProcess({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl, apiKey: PROVIDER_KEY, maxEvent: '1MiB' } },
        models: { m: { targets: [{ provider: 'up', model: 'm', price: PRICE }] } },
        keys: [{ name: 'innocent', secret: 'key-of-the-innocent' }],
        resilience: { retries: { max: 0 }, breaker: { consecutive: 1_000, minimum: 1_000 } },
      },
      environment: { REDIS_URL: process.env['TEST_REDIS_URL'] as string },
    });
    await untilReady(gateway);
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });
  beforeEach(() => upstream.answer(whole(answer({ prompt_tokens: 100, completion_tokens: 50 }))));

  const admin = (path: string) => askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', path);
  const newKey = async (terms: object) => {
    const name = `key-${++made}`;
    const { json } = await askAdmin(gateway.adminUrl, ADMIN_KEY, 'POST', '/keys', { name, ...terms });
    const spending = async () => (await admin(`/keys/${name}`)).json['spending'] as Record<string, number>;
    return { name, secret: json['secret'] as string, spending };
  };
  const recordsOf = async (name: string) => {
    const { text } = await admin(`/audit?key=${name}&limit=1000`);
    return JSON.parse(text)['records'] as Record<string, unknown>[];
  };

  it.each<[what: string, usage: unknown, reason: string]>([
    ['no usage', undefined, 'missing'],
    ['null as usage', null, 'missing'],
    ['a list as usage', [], 'malformed'],
    ['strings as usage', { prompt_tokens: '10', completion_tokens: '10' }, 'malformed'],
    ['fractions as usage', { prompt_tokens: 10.5, completion_tokens: 2.5 }, 'malformed'],
    ['negative usage', { prompt_tokens: 10, completion_tokens: -5 }, 'malformed'],
    ['usage without the prompt', { completion_tokens: 20 }, 'malformed'],
    ['absurd usage', { prompt_tokens: 10, completion_tokens: LARGEST }, 'implausible'],
  ])('bills an estimate when a provider reports %s, and uses up the budget', async (_what, usage, reason) => {
    upstream.answer(whole(answer(usage)));
    const { name, secret, spending } = await newKey({ budget: '0.004 USD/month' });
    const codes = new Map<unknown, number>();
    for (let n = 0; n < 30; n++) {
      const { status, code } = await ask(gateway.url, chat('m', 'a question', { max_tokens: 20 }), { key: secret });
      codes.set(code ?? status, (codes.get(code ?? status) ?? 0) + 1);
    }
    expect(codes.get('insufficient_quota')).toBeGreaterThan(0);
    expect(codes.get(200)).toBeGreaterThan(3);
    const { spentUsd = 0, reservedUsd } = await spending();
    expect(spentUsd).toBeGreaterThan(0.001);
    expect(spentUsd).toBeLessThanOrEqual(0.004);
    expect(reservedUsd).toBe(0);
    await waitFor(async () => (await recordsOf(name)).length === 30, 'the records');
    const answered = (await recordsOf(name)).filter(({ status }) => status === 200);
    for (const record of answered) expect(record).toMatchObject({ estimated: true, usageIssue: reason });
  });

  it("leaves other tenants' sums unchanged and no budget below zero when usage is absurd", async () => {
    const { name, secret, spending } = await newKey({ budget: '1 USD/month' });
    const absurd = {
      prompt_tokens: LARGEST,
      completion_tokens: LARGEST,
      completion_tokens_details: { reasoning_tokens: LARGEST },
    };
    const before = (await admin('/usage?by=key')).text;
    expect(before).not.toContain('NaN');
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        if (n % 6 !== 0) return ask(gateway.url, chat('m', `${n}`, { max_tokens: 50 }), { key: 'key-of-the-innocent' });
        upstream.answer(whole(answer(absurd)));
        const absurdly = await ask(gateway.url, chat('m', `${n}`, { max_tokens: 50 }), { key: secret });
        upstream.answer(whole(answer({ prompt_tokens: 100, completion_tokens: 50 })));
        return absurdly;
      }),
    );
    const rows = async () => {
      const { json } = await admin('/usage?by=key');
      return json['rows'] as { key: string; calls: number; costUsd: number }[];
    };
    const of = async (key: string) => (await rows()).find((row) => row.key === key);
    await waitFor(async () => (await of('innocent'))?.calls === 50, 'all calls of the innocent in the sums');
    expect((await of(name))?.calls).toBe(10);
    const { spentUsd = -1, leasedUsd = -1 } = await spending();
    expect(spentUsd).toBeGreaterThanOrEqual(0);
    expect(spentUsd).toBeLessThanOrEqual(1);
    expect(leasedUsd).toBeLessThanOrEqual(1);
  });

  it.each([
    ['a refusal', 400, '/v1/chat/completions', chat('m', 'x')],
    ['a refusal with an unusual status', 418, '/v1/chat/completions', chat('m', 'x')],
    ['a refusal of a stream', 400, '/v1/chat/completions', chat('m', 'x', { stream: true })],
    [
      'a refusal for another dialect',
      400,
      '/v1/messages',
      { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] },
    ],
  ])("hides our key and the provider's address in %s", async (_what, status, path, body) => {
    const { host } = new URL(upstream.baseUrl);
    const message = `Bearer ${PROVIDER_KEY} is no key for http://${host}/v1/chat (${PROVIDER_KEY})`;
    upstream.answer(whole(JSON.stringify({ error: { message, type: 'invalid_request_error' } }), status));
    const { text, status: seen } = await ask(gateway.url, body, { key: 'key-of-the-innocent', path });
    expect(seen).toBe(status === 418 && path !== '/v1/chat/completions' ? 400 : status);
    expect(text).toContain('is no key for');
    for (const secret of [PROVIDER_KEY, host]) expect(text).not.toContain(secret);
    expect(gateway.output()).not.toContain(PROVIDER_KEY);
  });

  it('hides our key in the middle of a stream', async () => {
    const begun = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hello' } }] })}\n\n`;
    const broken = `data: ${JSON.stringify({ error: { message: `no more with ${PROVIDER_KEY}`, code: 400 } })}\n\n`;
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(begun);
        setTimeout(() => response.end(broken), 50);
      });
      const body = { model: 'm', max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'x' }] };
      const { text } = await ask(gateway.url, body, { key: 'key-of-the-innocent', path });
      expect(text).toContain('Hello');
      expect(text).toContain('no more with [secret]');
      expect(text).not.toContain(PROVIDER_KEY);
    }
  });

  it('aborts a stream with an endless event, and serves other calls', async () => {
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hello' } }] })}\n\ndata: "`);
      for (let n = 0; n < 64; n++) response.write(Buffer.alloc(65_536, 'x'));
      response.end();
    });
    const { text } = await ask(gateway.url, chat('m', 'x', { stream: true }), { key: 'key-of-the-innocent' });
    expect(text).toContain('sent an event that is too long');
    expect(text.length).toBeLessThan(3 * 1024 * 1024);
    upstream.answer(whole(answer({ prompt_tokens: 1, completion_tokens: 1 })));
    expect((await ask(gateway.url, chat('m', 'x'), { key: 'key-of-the-innocent' })).status).toBe(200);
  });

  it("reports the provider's time of a stream in server-timing", async () => {
    upstream.answer((response) =>
      setTimeout(
        () =>
          events(
            `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
          )(response),
        150,
      ),
    );
    const { headers } = await ask(gateway.url, chat('m', 'x', { stream: true }), { key: 'key-of-the-innocent' });
    const timing = headers.get('server-timing') ?? '';
    expect(timing).toMatch(/^sluice;dur=[\d.]+, upstream;dur=[\d.]+$/);
    expect(Number(/upstream;dur=([\d.]+)/.exec(timing)?.[1])).toBeGreaterThanOrEqual(149);
  });
});
