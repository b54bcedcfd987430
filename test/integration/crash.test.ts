import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Line {
  readonly requestId: string;
  readonly outcome: string;
  readonly error: string | null;
  readonly model: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly estimated?: boolean;
}

describe('the crash of a replica', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 3,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          stream: { targets: [{ provider: 'up', model: 'stream+tps=20', price: { input: 1_000, output: 1_000 } }] },
          hedged: {
            targets: ['hung-first+fault=hang', 'stream-second+tps=20'].map((model) => ({
              ...{ provider: 'up', model, price: { input: 1_000, output: 1_000 } },
            })),
            hedge: '50ms',
          },
          hung: { targets: [{ provider: 'up', model: 'hung+fault=hang', price: { input: 1_000, output: 1_000 } }] },
        },
        keys: [{ name: 'app', secret: 'key-app', budget: '1000 USD' }],
      }),
    });
  });
  const redis = new Redis(process.env['TEST_REDIS_URL'] as string);
  afterAll(async () => {
    redis.disconnect();
    await replicas.stop();
  });
  const gateway = (n: number) => replicas.gateways[n] as Replicas['gateways'][number];
  const admin = async (path: string) => (await askAdmin(gateway(0).adminUrl, ADMIN_KEY, 'GET', path)).json;

  /** Returns the number of words that the store knows of each long call. */
  const wordsKnown = async (): Promise<number[]> => {
    const names = await redis.keys(`${replicas.options.config.redis?.prefix}:{audit:*}:underway:*`);
    const states = (await Promise.all(names.map((name) => redis.hvals(name)))).flat();
    return states.map((state) => (JSON.parse(state).record as { outputTokens: number | null }).outputTokens ?? 0);
  };

  it('leaves no call without a record, no amount reserved, and no delivered token unpaid after a replica is killed', async () => {
    const victim = gateway(2);
    const headers = { authorization: 'Bearer key-app', 'content-type': 'application/json' };
    const begun = Array.from({ length: 60 }, async (_, n) => {
      const model = n < 40 ? 'stream' : n < 50 ? 'hung' : 'hedged';
      const body = JSON.stringify(chat(model, `stream ${n} ${'word '.repeat(300)}`, { stream: true, max_tokens: 5_000 }));
      try {
        const response = await fetch(`${victim.url}/v1/chat/completions`, { method: 'POST', headers, body });
        await response.text();
        return 'whole';
      } catch {
        return 'cut';
      }
    });
    const state = async () => (await admin('/keys/app'))['spending'] as { spentUsd: number; reservedUsd: number };
    await waitFor(async () => (await state()).reservedUsd > 50, 'sixty calls to be in flight');
    // the store has a checkpoint of at least fifteen words for each stream, and of the prompt for calls without output
    await waitFor(async () => (await wordsKnown()).length === 60, 'a checkpoint of sixty calls', 60_000);
    await waitFor(async () => (await wordsKnown()).filter((count) => count >= 15).length === 50, 'fifteen words of each', 60_000);
    victim.process.kill('SIGKILL');
    expect(new Set(await Promise.all(begun))).toEqual(new Set(['cut']));

    const crashed = async () => (await admin('/audit?limit=1000&error=gateway_crashed'))['records'] as Line[];
    await waitFor(async () => (await crashed()).length >= 60, 'sixty records', 60_000);
    const records = await crashed();
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(60);
    expect(records.every(({ outcome, estimated }) => outcome === 'failed' && estimated === true)).toBe(true);
    const tokens = records.map(({ outputTokens }) => outputTokens ?? 0);
    expect(tokens.filter((count) => count >= 15)).toHaveLength(50);
    expect(tokens.filter((count) => count === 0)).toHaveLength(10);
    const { entries } = replicas.simulator.journal;
    expect(Math.max(...tokens)).toBeLessThanOrEqual(Math.max(...entries.map(({ events = 0 }) => events)));

    // a call with a second target is billed for the tokens of the target that responded and for the prompts of both
    const prompts = (model: string) => records.filter((line) => line.model === model).map(({ inputTokens }) => inputTokens ?? 0);
    const prompt = Math.max(...prompts('hung'));
    expect(prompts('hedged')).toHaveLength(10);
    for (const tokens of prompts('hedged')) expect(tokens / prompt).toBeCloseTo(2, 1);

    const cost = records.reduce((sum, { costUsd }) => sum + Math.round((costUsd ?? 0) * 1e9), 0);
    await waitFor(async () => (await state()).reservedUsd === 0, 'nothing to be reserved');
    expect(Math.round((await state()).spentUsd * 1e9)).toBe(cost);
    const { rows } = (await admin('/usage?by=key')) as { rows: { calls: number; costUsd: number }[] };
    expect([rows[0]?.calls, Math.round((rows[0]?.costUsd ?? 0) * 1e9)]).toEqual([60, cost]);
    // a live replica is not treated as crashed
    await sleep(1_000);
    expect(await crashed()).toHaveLength(60);
    expect((await ask(gateway(0).url, chat('up/other', 'x'), { key: 'key-app' })).status).toBe(200);
  }, 120_000);
});
