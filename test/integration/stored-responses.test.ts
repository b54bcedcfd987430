import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin } from '../support/ask.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-tenant-a';
const OTHER_KEY = 'key-of-the-tenant-b';
const ENCRYPTION_KEY = 'a-secret-of-32-characters-or-more';

const chatAnswer = (content: string) =>
  JSON.stringify({
    ...{ id: `c${Math.random()}`, object: 'chat.completion', model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 5 },
  });
const nativeAnswer = (id: string, output: readonly object[], more: object = {}) =>
  JSON.stringify({
    ...{ id, object: 'response', status: 'completed', model: 'n', created_at: 1, output },
    usage: { input_tokens: 5, output_tokens: 5, total_tokens: 10 },
    ...more,
  });
const message = (id: string, text: string) => ({
  ...{ type: 'message', id, status: 'completed', role: 'assistant' },
  content: [{ type: 'output_text', text, annotations: [] }],
});

describe('stored responses', () => {
  let chat: ScriptedUpstream;
  let native: ScriptedUpstream;
  let replicas: GatewayProcess[];
  beforeAll(async () => {
    [chat, native] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
    const start = () =>
      startGatewayProcess({
        config: {
          providers: {
            chat: { baseUrl: chat.baseUrl },
            native: { baseUrl: native.baseUrl, dialect: 'openai-responses' },
          },
          models: {
            mixed: {
              strategy: 'priority',
              targets: [
                { provider: 'native', model: 'n' },
                { provider: 'chat', model: 'm' },
              ],
            },
          },
          keys: [
            { name: 'a', secret: KEY, tenant: 'a' },
            { name: 'b', secret: OTHER_KEY, tenant: 'b' },
            { name: 'models', secret: 'key-of-one-model', tenant: 'a', models: ['chat/m'] },
            { name: 'routes', secret: 'key-of-one-route', tenant: 'a', routes: ['/v1/chat/completions'] },
            { name: 'few', secret: 'key-of-few-requests', tenant: 'a', limits: { requests: '3/h' } },
            { name: 'background', secret: 'key-of-background', tenant: 'a', limits: { requests: '3/h' } },
          ],
          responses: { encryptionKey: ENCRYPTION_KEY },
          prices: { own: { 'native/n': { input: 1, output: 2 } } },
          resilience: { retries: { max: 0 } },
        },
        environment: { REDIS_URL: process.env['TEST_REDIS_URL'] as string },
      });
    replicas = await Promise.all([start(), start()]);
    await Promise.all(replicas.map(untilReady));
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await Promise.all([chat.close(), native.close()]);
  });
  beforeEach(() => {
    chat.forget();
    native.forget();
  });

  const respond = (body: object, key = KEY, replica = 0) =>
    ask((replicas[replica] as GatewayProcess).url, body, { key, path: '/v1/responses' });
  const about = async (method: string, path: string, key = KEY, replica = 0) => {
    const { url } = replicas[replica] as GatewayProcess;
    const response = await fetch(`${url}/v1/responses/${path}`, { method, headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, json: (await response.json()) as Record<string, never> };
  };
  const lastOf = (upstream: ScriptedUpstream) => JSON.parse(upstream.requests.at(-1)?.body ?? '{}');

  it('sends the whole conversation to a provider of another dialect, through any replica', async () => {
    chat.answer(whole(chatAnswer('one')));
    const first = await respond({ model: 'chat/m', input: 'first', instructions: 'be brief' });
    chat.answer(whole(chatAnswer('two')));
    const second = await respond({ model: 'chat/m', input: 'second', previous_response_id: first.json['id'] }, KEY, 1);
    expect(second.status).toBe(200);
    chat.answer(whole(chatAnswer('three')));
    const third = await respond({ model: 'chat/m', input: 'third', previous_response_id: second.json['id'] });
    expect(third.status).toBe(200);
    // instructions apply to one request
    expect(lastOf(chat).messages).toEqual([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'second' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'third' },
    ]);
    const read = await about('GET', String(third.json['id']), KEY, 1);
    expect(read.json).toMatchObject({ id: third.json['id'], store: true, previous_response_id: second.json['id'] });
    const items = await about('GET', `${second.json['id']}/input_items?order=asc`);
    expect(items.json['data']).toMatchObject([
      { role: 'user', id: expect.stringMatching(/^msg_/) },
      { role: 'assistant' },
      { role: 'user', content: [{ type: 'input_text', text: 'second' }] },
    ]);
  });

  it("replaces references to items, and refuses references to another tenant's items", async () => {
    chat.answer(whole(chatAnswer('one')));
    const first = await respond({ model: 'chat/m', input: 'first' });
    const [item] = first.json['output'] as { id: string }[];
    const input = [
      { role: 'user', content: 'first' },
      { type: 'item_reference', id: item?.id },
      { role: 'user', content: 'second' },
    ];
    expect((await respond({ model: 'chat/m', input }, KEY, 1)).status).toBe(200);
    expect(lastOf(chat).messages[1]).toEqual({ role: 'assistant', content: 'one' });
    const other = await respond({ model: 'chat/m', input }, OTHER_KEY);
    expect([other.status, other.json]).toMatchObject([400, { error: { param: 'input[1].id', code: 'invalid_request' } }]);
    const previous = await respond({ model: 'chat/m', input: 'x', previous_response_id: first.json['id'] }, OTHER_KEY);
    expect([previous.status, previous.json]).toMatchObject([400, { error: { param: 'previous_response_id' } }]);
    for (const path of ['', '/input_items'])
      expect((await about('GET', `${first.json['id']}${path}`, OTHER_KEY)).status).toBe(404);
    expect((await about('DELETE', String(first.json['id']), OTHER_KEY)).status).toBe(404);
    expect((await about('GET', String(first.json['id']))).status).toBe(200);
  });

  it('stores nothing with `store: false`, and no failed or truncated response', async () => {
    chat.answer(whole(chatAnswer('one')));
    const unstored = await respond({ model: 'chat/m', input: 'first', store: false });
    expect((await about('GET', String(unstored.json['id']))).status).toBe(404);
    native.answer(
      events(
        'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_cut","status":"in_progress"}}\n\n',
      ),
    );
    await respond({ model: 'native/n', input: 'first', stream: true });
    expect((await about('GET', 'resp_cut')).status).toBe(404);
  });

  it('passes a conversation of a single provider of the Responses API on byte for byte', async () => {
    native.answer(whole(nativeAnswer('resp_native1', [message('msg_native1', 'one')])));
    await respond({ model: 'native/n', input: 'first' });
    const request = { model: 'native/n', input: 'second', previous_response_id: 'resp_native1' };
    native.answer(whole(nativeAnswer('resp_native2', [message('msg_native2', 'two')])));
    expect((await respond(request)).status).toBe(200);
    expect(native.requests.at(-1)?.body).toBe(JSON.stringify({ ...request, model: 'n' }));
    // only the provider can know this id, so that the gateway passes it on
    const unknown = { model: 'native/n', input: 'x', previous_response_id: 'resp_of_before' };
    native.answer(whole(nativeAnswer('resp_native3', [])));
    expect((await respond(unknown)).status).toBe(200);
    expect(native.requests.at(-1)?.body).toContain('resp_of_before');
    expect((await about('GET', 'resp_native3')).status).toBe(404);
  });

  it('moves a conversation from a provider of the Responses API to another, without the parts that only the first can read', async () => {
    const reasoning = { type: 'reasoning', id: 'rs_native4', summary: [] };
    const call = { type: 'function_call', id: 'fc_native4', call_id: 'call_1', name: 'f', arguments: '{}', status: 'completed' };
    native.answer(whole(nativeAnswer('resp_native4', [reasoning, call])));
    await respond({ model: 'native/n', input: 'first' });
    chat.answer(whole(chatAnswer('two')));
    const result = { type: 'function_call_output', call_id: 'call_1', output: '42' };
    const moved = await respond({ model: 'chat/m', input: [result], previous_response_id: 'resp_native4' });
    expect(moved.status).toBe(200);
    expect(lastOf(chat).messages).toMatchObject([
      { role: 'user', content: 'first' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '42' },
    ]);
    // a model of both providers: the first target gets the items, and no id that it would look up
    native.answer(whole(nativeAnswer('resp_native5', [message('msg_native5', 'three')])));
    await respond({ model: 'mixed', input: 'third', previous_response_id: moved.json['id'] });
    const sent = native.requests.at(-1)?.body ?? '';
    expect(sent).not.toMatch(/previous_response_id|rs_native4|fc_native4/);
    expect(JSON.parse(sent).input).toHaveLength(5);
  });

  it('polls the provider for a background response, and stores the response when it has ended', async () => {
    native.answer(whole(nativeAnswer('resp_background', [], { status: 'queued', background: true })));
    await respond({ model: 'native/n', input: 'first', background: true });
    native.answer(whole(nativeAnswer('resp_background', [], { status: 'in_progress', background: true })));
    expect((await about('GET', 'resp_background?key=secret')).json).toMatchObject({ status: 'in_progress' });
    expect(native.requests.at(-1)).toMatchObject({ method: 'GET', path: '/v1/responses/resp_background' });
    native.answer(whole(nativeAnswer('resp_background', [message('msg_background', 'late')])));
    expect((await about('GET', 'resp_background', KEY, 1)).json).toMatchObject({ status: 'completed' });
    // the gateway's own copy has `store`
    await waitFor(async () => 'store' in (await about('GET', 'resp_background')).json, 'the response to be kept');
    const asked = native.requests.length;
    expect((await about('GET', 'resp_background')).json).toMatchObject({ status: 'completed', store: true });
    expect(native.requests).toHaveLength(asked);
    expect((await about('POST', 'resp_background/cancel')).status).toBe(400);
  });

  it('counts a poll of a background response as one request', async () => {
    const id = `resp_counted_${Math.random()}`;
    native.answer(whole(nativeAnswer(id, [], { status: 'queued', background: true, usage: null })));
    const key = 'key-of-background';
    expect((await respond({ model: 'native/n', input: 'first', background: true }, key)).status).toBe(200);
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await about('GET', id, key)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('bills a background response once, when it has ended', async () => {
    const spent = async () => {
      const { records } = (
        await askAdmin((replicas[0] as GatewayProcess).adminUrl, ADMIN_KEY, 'GET', '/audit?tenant=a&limit=100')
      ).json as { records: { route: string; costUsd: number | null; inputTokens: number | null; requestId: string }[] };
      return records.filter(({ requestId }) => requestId.startsWith('background-'));
    };
    const call = (n: number, method: string, path: string, body?: object) =>
      fetch(`${replicas[0]?.url}/v1/responses${path}`, {
        method,
        headers: {
          ...{ authorization: `Bearer ${KEY}`, 'x-request-id': `background-${n}` },
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const id = `resp_billed_${Math.random()}`;
    native.answer(whole(nativeAnswer(id, [], { status: 'queued', background: true, usage: null })));
    await call(1, 'POST', '', { model: 'native/n', input: 'a question of some words', background: true });
    native.answer(whole(nativeAnswer(id, [], { status: 'in_progress', usage: null })));
    await call(2, 'GET', `/${id}`);
    const usage = { input_tokens: 1_000, output_tokens: 2_000, total_tokens: 3_000 };
    native.answer(whole(nativeAnswer(id, [message('msg_billed', 'late')], { usage })));
    await call(3, 'GET', `/${id}`);
    await call(4, 'GET', `/${id}`);
    await waitFor(async () => (await spent()).length === 4, 'the calls to be recorded');
    const costs = new Map((await spent()).map(({ requestId, costUsd }) => [requestId, costUsd]));
    expect([costs.get('background-2'), costs.get('background-4')]).toEqual([null, null]);
    // 1,000 tokens at 1 USD and 2,000 at 2 USD per million
    const sum = Number(costs.get('background-1')) + Number(costs.get('background-3'));
    expect(sum).toBeCloseTo(0.005, 9);
    expect(costs.get('background-3')).toBeGreaterThan(0.0049);
  });

  it('serves stored responses to a key with a list of models, not to a key of other routes, and counts the requests', async () => {
    chat.answer(whole(chatAnswer('one')));
    const { json } = await respond({ model: 'chat/m', input: 'first' }, 'key-of-one-model');
    const path = String(json['id']);
    expect((await about('GET', path, 'key-of-one-model')).status).toBe(200);
    expect((await about('GET', path, 'key-of-one-route')).status).toBe(403);
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await about('GET', path, 'key-of-few-requests')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('stores responses encrypted', async () => {
    chat.answer(whole(chatAnswer('a word that only this answer has: sesquipedalian')));
    const { json } = await respond({ model: 'chat/m', input: 'first' });
    expect((await about('GET', String(json['id']))).json).toMatchObject({ id: json['id'] });
    const { Redis } = await import('ioredis');
    const redis = new Redis(process.env['TEST_REDIS_URL'] as string);
    const kept = await redis.getBuffer(`sluice:response:a:${json['id']}`);
    redis.disconnect();
    expect(kept?.length).toBeGreaterThan(100);
    expect(kept?.includes('sesquipedalian')).toBe(false);
  });
});
