import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { ask, chat } from '../support/ask.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

type Record = Readonly<{ [field: string]: unknown }> & { readonly requestId: string };

const SECRETS = ['secret-of-audit-free', 'secret-of-audit-limited'];
const PROMPT = 'the prompt that nobody is to read';

/** A call, its outcome, and the expected fields of its one record. */
interface Case {
  readonly what: string;
  readonly model: string;
  readonly stream?: boolean;
  readonly key?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** The client disconnects after this time. */
  readonly leaveAfterMs?: number;
  readonly record: { readonly [field: string]: unknown };
}

const [FREE = '', LIMITED = ''] = SECRETS;
const answered = { outcome: 'answered', status: 200, error: null, key: 'free', provider: 'up', attempts: 1 };
const none = { provider: null, target: null, attempts: 0, inputTokens: null, outputTokens: null, costUsd: null };
const failed = { outcome: 'failed', key: 'free', provider: 'up', attempts: 1 };

const CASES: readonly Case[] = [
  {
    what: 'a successful call',
    model: 'priced',
    headers: { 'x-sluice-tags': 'team=search,stage=test' },
    record: {
      ...answered,
      route: 'POST /v1/chat/completions',
      model: 'priced',
      target: 'up/of-priced',
      cache: 'miss',
      tenant: 'audit',
      tags: { team: 'search', stage: 'test' },
    },
  },
  { what: 'a stream', model: 'priced', stream: true, record: { ...answered, costUsd: expect.any(Number) } },
  { what: 'a call without a price', model: 'up/any', record: { ...answered, costUsd: null, outputTokens: expect.any(Number) } },
  {
    what: 'a bad key',
    model: 'priced',
    key: 'wrong',
    record: { ...none, outcome: 'refused', status: 401, error: 'invalid_api_key', key: null },
  },
  {
    what: 'an unknown model',
    model: 'nowhere',
    record: { ...none, outcome: 'refused', status: 404, error: 'model_not_found', key: 'free', model: 'nowhere' },
  },
  {
    what: 'a model that is not allowed',
    model: 'up/any',
    key: LIMITED,
    record: { ...none, outcome: 'refused', status: 403, error: 'model_not_allowed' },
  },
  {
    what: 'no JSON',
    model: '',
    body: '{',
    record: { ...none, outcome: 'refused', status: 400, error: 'invalid_request', key: 'free', model: null },
  },
  {
    what: 'not cached',
    model: 'priced',
    // a namespace that is always empty: the default namespace may have the response of another case
    headers: { 'cache-control': 'only-if-cached', 'x-sluice-cache-namespace': 'always-empty' },
    record: { ...none, outcome: 'failed', status: 504, error: 'not_cached' },
  },
  { what: 'a 500', model: 'up/x+status=500', record: { ...failed, status: 502, error: 'upstream_error' } },
  {
    what: 'a 422',
    model: 'up/x+status=422',
    record: { outcome: 'refused', status: 422, error: null, provider: 'up', attempts: 1 },
  },
  { what: 'a reset', model: 'up/x+fault=reset-before', record: { ...failed, status: 502, error: 'upstream_error' } },
  { what: 'a broken answer', model: 'up/x+fault=malformed', record: { ...failed, status: 502, error: 'upstream_error' } },
  {
    what: 'a cut stream',
    model: 'up/x+fault=truncated',
    stream: true,
    record: { ...failed, status: 502, error: 'upstream_truncated' },
  },
  {
    what: 'a stream that is reset',
    model: 'up/x+fault=reset-after+tps=100',
    stream: true,
    record: { ...failed, status: 502, error: 'upstream_truncated' },
  },
  {
    what: 'a deadline',
    model: 'up/x+fault=hang',
    headers: { 'x-sluice-timeout-ms': '100' },
    record: { ...failed, status: 504, error: 'upstream_timeout' },
  },
  {
    what: 'a call with a client disconnect',
    model: 'up/x+latency=5000',
    leaveAfterMs: 150,
    record: { outcome: 'cancelled', status: 499, error: 'client_closed', attempts: 1 },
  },
  {
    what: 'a stream with a client disconnect',
    model: 'up/x+tps=20',
    stream: true,
    leaveAfterMs: 250,
    record: { outcome: 'cancelled', status: 499, error: 'client_closed', attempts: 1 },
  },
];
const ROUNDS = 3;

describe('the audit trail', () => {
  let replicas: Replicas;
  let gateway: GatewayProcess;
  let redis: Redis;
  const prefix = `test-audit-${process.pid}-${Date.now()}`;

  beforeAll(async () => {
    redis = new Redis(process.env['TEST_REDIS_URL'] as string);
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        redis: { prefix, timeout: '2s' },
        resilience: { retries: { max: 0 } },
        providers: { up: { baseUrl } },
        models: { priced: { targets: [{ provider: 'up', model: 'of-priced', price: { input: 1, output: 2 } }] } },
        keys: [
          { name: 'free', secret: FREE, tenant: 'audit' },
          { name: 'limited', secret: LIMITED, tenant: 'audit', models: ['priced'], limits: { requests: '2/h' } },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
    });
    gateway = replicas.gateways[0] as GatewayProcess;
  });
  afterAll(async () => {
    await replicas.stop();
    await redis.quit();
  });

  const logged = () => gateway.lines().filter((line): line is Record => 'requestId' in line && 'outcome' in line);
  const stored = async () => {
    const streams = await redis.keys(`${prefix}:{audit:*}:stream`);
    const entries = (await Promise.all(streams.map((stream) => redis.xrange(stream, '-', '+')))).flat();
    return entries.map(([, fields]) => JSON.parse(fields[1] as string) as Record);
  };

  it('has exactly one record of every call, in the log and in Redis, however the call ends', async () => {
    const calls = Array.from({ length: ROUNDS }, (_, round) =>
      CASES.map(async (one, n) => {
        const signal = one.leaveAfterMs === undefined ? {} : { signal: AbortSignal.timeout(one.leaveAfterMs) };
        const headers = { ...one.headers, 'x-request-id': `${round}/${n}` };
        const body = one.body ?? chat(one.model, `${PROMPT} ${round}`, { stream: one.stream === true });
        await ask(gateway.url, body, { key: one.key ?? FREE, headers, ...signal }).catch((error: unknown) => {
          if (one.leaveAfterMs === undefined) throw error;
        });
      }),
    ).flat();
    // two of these calls are within their limit, and four are not
    const limited = Array.from({ length: 6 }, (_, n) =>
      ask(gateway.url, chat('priced', `limited ${n}`), { key: LIMITED, headers: { 'x-request-id': `limited/${n}` } }),
    );
    await Promise.all([...calls, ...limited]);
    const expected = ROUNDS * CASES.length + limited.length;
    await waitFor(() => logged().length >= expected, 'all records to be logged');
    await waitFor(async () => (await stored()).length >= expected, 'all records to be stored');

    for (const records of [logged(), await stored()]) {
      expect(records).toHaveLength(expected);
      expect(new Set(records.map((record) => record.requestId)).size).toBe(expected);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [n, one] of CASES.entries()) {
          const record = records.find((record) => record.requestId === `${round}/${n}`);
          expect({ what: one.what, ...record }).toMatchObject({ what: one.what, ...one.record });
          expect(Date.parse(String(record?.['time']))).toBeGreaterThan(Date.now() - 60_000);
          expect(record?.['latencyMs']).toEqual(expect.any(Number));
        }
      }
      const ofLimited = records.filter((record) => record.requestId.startsWith('limited/'));
      expect(ofLimited.map((record) => record['error']).sort()).toEqual(
        [null, null, ...Array(4).fill('rate_limit_exceeded')].sort(),
      );
    }
    expect(await stored()).toEqual(expect.arrayContaining(logged()));
  });

  it('records usage and cost of a call', async () => {
    const first = (await stored()).find((record) => record.requestId === '0/0');
    // the simulator counts a token per character; a million tokens cost 1 USD (input) and 2 USD (output)
    const inputTokens = `${PROMPT} 0`.length;
    const outputTokens = `Simulated answer to: ${PROMPT} 0`.length;
    expect(first).toMatchObject({ inputTokens, outputTokens });
    expect(first?.['costUsd']).toBeCloseTo((inputTokens + 2 * outputTokens) / 1_000_000, 9);
  });

  it('keeps the trace id of a call, and passes it on', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const traced = (value: string) => {
      const headers = { traceparent: value, 'x-request-id': `trace-${value.length}` };
      return ask(gateway.url, chat('up/traced', value), { key: FREE, headers });
    };
    await traced(traceparent);
    await traced(`${traceparent}-malformed`);
    const recordOf = (value: string) => logged().find((record) => record.requestId === `trace-${value.length}`);
    await waitFor(() => recordOf(`${traceparent}-malformed`) !== undefined, 'its record');
    expect(recordOf(traceparent)).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
    expect(recordOf(`${traceparent}-malformed`)).not.toHaveProperty('traceId');
    const passedOn = replicas.simulator.journal.entries.filter((entry) => entry.model === 'traced');
    expect(passedOn.map((entry) => entry.headers['traceparent'])).toEqual([traceparent, undefined]);
  });

  it('has a record of a cache hit, with the saved cost', async () => {
    const body = chat('priced', 'a hit');
    await ask(gateway.url, body, { key: FREE });
    await waitFor(async () => {
      const answer = await ask(gateway.url, body, { key: FREE, headers: { 'x-request-id': 'a-hit' } });
      return answer.headers.get('x-sluice-cache') === 'hit';
    }, 'a hit');
    const record = () => logged().findLast((one) => one.requestId === 'a-hit' && one['cache'] === 'hit');
    await waitFor(() => record() !== undefined, 'its record');
    expect(record()).toMatchObject({ outcome: 'answered', cache: 'hit', costUsd: 0, attempts: 0, target: null });
    expect(record()?.['savedUsd']).toBeGreaterThan(0);
  });

  it('holds no key, no prompt and no response', async () => {
    const everything = gateway.output() + JSON.stringify(await stored());
    for (const text of [...SECRETS, PROMPT, 'Simulated answer']) expect(everything).not.toContain(text);
  });

  it('holds prompts and responses when the configuration enables them', async () => {
    const open = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        keys: [{ name: 'free', secret: FREE }],
        audit: { content: true },
      }),
    });
    try {
      const [one] = open.gateways as [GatewayProcess];
      for (const stream of [false, true]) await ask(one.url, chat('up/any', PROMPT, { stream }), { key: FREE });
      const records = () => one.lines().filter((line) => 'outcome' in line);
      await waitFor(() => records().length === 2, 'two records');
      for (const record of records()) {
        expect(record['prompt']).toContain(PROMPT);
        expect(record['answer']).toContain('Simulated');
      }
      expect(one.output()).not.toContain(FREE);
    } finally {
      await open.stop();
    }
  });
});
