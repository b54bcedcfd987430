import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-prices';

const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 1_000,
    completion_tokens: 200,
    total_tokens: 1_200,
    prompt_tokens_details: { cached_tokens: 400 },
  },
});
const table = (input: number): string =>
  JSON.stringify([
    {
      id: 'openai',
      name: 'OpenAI',
      api_pattern: 'x',
      models: [{ id: 'm', match: { starts_with: 'm' }, prices: { input_mtok: input, output_mtok: 0 } }],
    },
  ]);

describe('the cost of a call', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prices-'));
  let upstream: ScriptedUpstream;
  const gateways: Gateway[] = [];
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    upstream.answer(whole(answer));
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.close(0)));
    await upstream.close();
    rmSync(folder, { recursive: true });
  });
  const start = async (more: ConfigFile = {}) => {
    const gateway = await startGateway({
      config: {
        providers: {
          openai: { baseUrl: upstream.baseUrl, prices: 'openai' },
          elsewhere: { type: 'openai', baseUrl: upstream.baseUrl },
        },
        keys: [{ name: 'prices', secret: KEY }],
        ...more,
      },
    });
    gateways.push(gateway);
    return gateway;
  };
  const costOf = async (gateway: Gateway, model: string): Promise<string | null> =>
    (await ask(gateway.url, chat(model, 'x'), { key: KEY })).headers.get('x-sluice-cost-usd');

  describe('with the public table', () => {
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await start({
        models: {
          cheap: {
            targets: [{ provider: 'openai', model: 'gpt-4o', price: { input: 1, output: 1, cachedInput: 0, request: 0.5 } }],
          },
        },
        prices: { own: { 'openai/gpt-4o-mini-ours': { input: 10, output: 0 } } },
      });
    });

    it('charges each kind of token at its own price', async () => {
      // 600 tokens at 0.15, 400 cached at 0.075, 200 at 0.60 per million
      expect(await costOf(gateway, 'openai/gpt-4o-mini')).toBe('0.00024');
    });

    it("prefers the operator's own price over the public table", async () => {
      expect(await costOf(gateway, 'cheap')).toBe('0.5008');
      expect(await costOf(gateway, 'openai/gpt-4o-mini-ours')).toBe('0.01');
    });

    it('reports an unknown cost as null, never zero, and counts it in the metrics', async () => {
      expect(await costOf(gateway, 'openai/nobodys-model')).toBeNull();
      // the price of an unknown server is unknown, whatever its models are called
      expect(await costOf(gateway, 'elsewhere/gpt-4o-mini')).toBeNull();
      const { json } = await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/audit?limit=2');
      expect(json['records']).toMatchObject([{ costUsd: null, inputTokens: 1_000 }, { costUsd: null }]);
      const metrics = parseExposition(await (await fetch(`${gateway.adminUrl}/metrics`)).text());
      expect(metrics.sum('sluice_unpriced_calls_total', { provider: 'openai' })).toBe(1);
      expect(metrics.sum('sluice_unpriced_calls_total', { provider: 'elsewhere' })).toBe(1);
    });
  });

  it('applies a price table from a file, and reloads it when it changes', async () => {
    const file = join(folder, 'prices.json');
    writeFileSync(file, table(1));
    const gateway = await start({ prices: { file, every: '50ms' } });
    expect(await costOf(gateway, 'openai/m')).toBe('0.001');
    writeFileSync(file, table(2));
    await waitFor(async () => (await costOf(gateway, 'openai/m')) === '0.002', 'the new price');
  });

  it('applies a price table from a URL, and keeps the previous table when the download fails', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      if (asked === 1) response.writeHead(500).end();
      else response.end(table(3));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prices.json`;
      const gateway = await start({ prices: { url, every: '50ms' } });
      await waitFor(async () => (await costOf(gateway, 'openai/m')) === '0.003', 'the price from the address');
      expect(asked).toBeGreaterThan(1);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it.each([
    [{ file: '/not/there.json' }, 'prices.file: cannot be read (ENOENT)'],
    [{ file: 'a', url: 'http://127.0.0.1/x' }, 'prices: expected file or url, not both'],
    [{ own: { nothing: { input: 1, output: 1 } } }, 'expected provider/model'],
    [{ own: { 'a/b': { input: -1, output: 1 } } }, 'prices.own.a/b.input'],
  ])('refuses to start with the prices %j', async (prices, message) => {
    await expect(start({ prices })).rejects.toThrow(message);
  });
});
