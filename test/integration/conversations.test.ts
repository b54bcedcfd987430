import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import OpenAI from 'openai';
import { type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-tenant-a';
const OTHER_KEY = 'key-of-the-tenant-b';
const UNKNOWN = 'conv_00000000000000000000000000000000';

const chatAnswer = (message: object) =>
  JSON.stringify({
    ...{ id: `c${Math.random()}`, object: 'chat.completion', model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 5 },
  });
const nativeAnswer = (id: string, output: readonly object[], status = 'completed') =>
  JSON.stringify({
    ...{ id, object: 'response', status, model: 'n', created_at: 1, output },
    usage: { input_tokens: 5, output_tokens: 5, total_tokens: 10 },
  });
const messageItem = (id: string, text: string) => ({
  ...{ type: 'message', id, status: 'completed', role: 'assistant' },
  content: [{ type: 'output_text', text, annotations: [] }],
});

describe('conversations', () => {
  let chat: ScriptedUpstream;
  let native: ScriptedUpstream;
  let replicas: GatewayProcess[];
  /** Clients of tenant `a` at either replica, and a client of tenant `b`. */
  let client: OpenAI;
  let second: OpenAI;
  let otherTenant: OpenAI;
  beforeAll(async () => {
    [chat, native] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
    const start = () =>
      startGatewayProcess({
        config: {
          providers: {
            chat: { baseUrl: chat.baseUrl },
            native: { baseUrl: native.baseUrl, dialect: 'openai-responses' },
          },
          keys: [
            { name: 'a', secret: KEY, tenant: 'a' },
            { name: 'b', secret: OTHER_KEY, tenant: 'b' },
          ],
          responses: { encryptionKey: 'a-secret-of-32-characters-or-more', maxRecord: '4KiB' },
          resilience: { retries: { max: 0 } },
        },
        environment: { REDIS_URL: process.env['TEST_REDIS_URL'] as string },
      });
    replicas = await Promise.all([start(), start()]);
    await Promise.all(replicas.map(untilReady));
    const [first, other] = replicas.map(({ url }) => `${url}/v1`);
    client = new OpenAI({ baseURL: first, apiKey: KEY, maxRetries: 0 });
    second = new OpenAI({ baseURL: other, apiKey: KEY, maxRetries: 0 });
    otherTenant = new OpenAI({ baseURL: first, apiKey: OTHER_KEY, maxRetries: 0 });
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await Promise.all([chat.close(), native.close()]);
  });
  beforeEach(() => {
    chat.forget();
    native.forget();
  });

  const lastOf = (upstream: ScriptedUpstream) => JSON.parse(upstream.requests.at(-1)?.body ?? '{}');
  const itemsOf = async (id: string) =>
    (await client.conversations.items.list(id, { order: 'asc' })).data.map((item) => item as unknown as Record<string, unknown>);

  it('creates, shows, changes and deletes a conversation', async () => {
    const items = [{ type: 'message' as const, role: 'developer' as const, content: 'Be brief.' }];
    const made = await client.conversations.create({ metadata: { topic: 'weather' }, items });
    expect(made).toMatchObject({ object: 'conversation', metadata: { topic: 'weather' }, created_at: expect.any(Number) });
    expect(await second.conversations.retrieve(made.id)).toMatchObject({ id: made.id, metadata: { topic: 'weather' } });
    await second.conversations.update(made.id, { metadata: { topic: 'news' } });
    expect(await client.conversations.retrieve(made.id)).toMatchObject({ metadata: { topic: 'news' } });
    expect(await itemsOf(made.id)).toMatchObject([
      { type: 'message', role: 'developer', status: 'completed', content: [{ type: 'input_text', text: 'Be brief.' }] },
    ]);
    expect(await client.conversations.delete(made.id)).toEqual({ id: made.id, object: 'conversation.deleted', deleted: true });
    await expect(client.conversations.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
  });

  it('creates an empty conversation from an empty body', async () => {
    const response = await fetch(`${replicas[0]?.url}/v1/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect([response.status, await response.json()]).toMatchObject([200, { object: 'conversation', metadata: {} }]);
  });

  it('adds, lists, shows and removes items', async () => {
    const { id } = await client.conversations.create({});
    const texts = ['one', 'two', 'three'];
    const added = await client.conversations.items.create(id, {
      items: texts.map((content) => ({ type: 'message' as const, role: 'user' as const, content })),
    });
    expect(added.data).toHaveLength(3);
    const page = await client.conversations.items.list(id, { limit: 2 });
    expect([
      page.has_more,
      page.data.map((item) => (item as unknown as { content: [{ text: string }] }).content[0].text),
    ]).toEqual([true, ['three', 'two']]);
    const item = added.data[1]?.id as string;
    expect(await second.conversations.items.retrieve(item, { conversation_id: id })).toMatchObject({ id: item });
    expect(await second.conversations.items.delete(item, { conversation_id: id })).toMatchObject({ id });
    await expect(client.conversations.items.retrieve(item, { conversation_id: id })).rejects.toMatchObject({ status: 404 });
    expect(await itemsOf(id)).toHaveLength(2);
  });

  it('continues a conversation with a provider of another dialect, through any replica', async () => {
    const { id } = await client.conversations.create({});
    chat.answer(whole(chatAnswer({ content: 'one' })));
    await client.responses.create({ model: 'chat/m', input: 'first', conversation: id });
    chat.answer(whole(chatAnswer({ content: 'two' })));
    const answer = await second.responses.create({ model: 'chat/m', input: 'second', conversation: { id }, store: false });
    expect(lastOf(chat).messages).toEqual([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'second' },
    ]);
    await expect(client.responses.retrieve(answer.id)).rejects.toMatchObject({ status: 404 });
    expect((await itemsOf(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  it('continues a conversation with a tool’s result, and moves it to a provider of the Responses API', async () => {
    const { id } = await client.conversations.create({});
    const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"place":"Oslo"}' } };
    chat.answer(whole(chatAnswer({ content: null, tool_calls: [call] })));
    const first = await client.responses.create({ model: 'chat/m', input: 'Weather?', conversation: id });
    const asked = first.output.find(({ type }) => type === 'function_call') as { call_id: string };
    native.answer(whole(nativeAnswer('resp_moved', [messageItem('msg_moved', 'Sunny.')])));
    const result = { type: 'function_call_output' as const, call_id: asked.call_id, output: 'sunny' };
    const last = await client.responses.create({ model: 'native/n', input: [result], conversation: id });
    expect(last.output_text).toBe('Sunny.');
    const { input, conversation } = lastOf(native);
    expect(conversation).toBeUndefined();
    expect(input.map(({ type }: { type: string }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
    const kept = await client.responses.retrieve('resp_moved');
    expect(kept.conversation).toEqual({ id });
  });

  it('adds the items of a streamed response', async () => {
    const { id } = await client.conversations.create({});
    const done = {
      type: 'response.completed',
      response: JSON.parse(nativeAnswer('resp_stream', [messageItem('msg_s', 'streamed')])),
    };
    native.answer(events(`event: response.completed\ndata: ${JSON.stringify(done)}\n\n`));
    for await (const _ of await client.responses.create({ model: 'native/n', input: 'x', conversation: id, stream: true }));
    await waitFor(async () => (await itemsOf(id)).length === 2, 'the streamed items to be there');
  });

  it('adds the items of a call once when the call is repeated with its idempotency key', async () => {
    const { id } = await client.conversations.create({});
    chat.answer(whole(chatAnswer({ content: 'one' })));
    const again = { headers: { 'idempotency-key': `once-${id}` } };
    for (let n = 0; n < 2; n++) await client.responses.create({ model: 'chat/m', input: 'first', conversation: id }, again);
    expect(chat.requests).toHaveLength(1);
    expect(await itemsOf(id)).toHaveLength(2);
  });

  it('adds no item of a failed response', async () => {
    const { id } = await client.conversations.create({});
    chat.answer(whole('{"error":{"message":"no"}}', 400));
    await expect(client.responses.create({ model: 'chat/m', input: 'x', conversation: id })).rejects.toMatchObject({
      status: 400,
    });
    expect(await itemsOf(id)).toEqual([]);
  });

  it('refuses a conversation that is too large before it calls a provider', async () => {
    const { id } = await client.conversations.create({});
    const input = 'x'.repeat(5_000);
    await expect(client.responses.create({ model: 'chat/m', input, conversation: id })).rejects.toMatchObject({
      status: 400,
      param: 'conversation',
    });
    const items = [{ type: 'message' as const, role: 'user' as const, content: input }];
    await expect(client.conversations.items.create(id, { items })).rejects.toMatchObject({ status: 400 });
    await expect(client.conversations.create({ items })).rejects.toMatchObject({ status: 400 });
    expect(chat.requests).toEqual([]);
  });

  it('hides a conversation from other tenants', async () => {
    const { id } = await client.conversations.create({ items: [{ type: 'message', role: 'user', content: 'secret' }] });
    const item = String((await itemsOf(id))[0]?.['id']);
    const refused = [
      otherTenant.conversations.retrieve(id),
      otherTenant.conversations.update(id, { metadata: {} }),
      otherTenant.conversations.delete(id),
      otherTenant.conversations.items.list(id),
      otherTenant.conversations.items.create(id, { items: [{ type: 'message', role: 'user', content: 'x' }] }),
      otherTenant.conversations.items.delete(item, { conversation_id: id }),
    ];
    for (const asked of refused) await expect(asked).rejects.toMatchObject({ status: 404 });
    await expect(otherTenant.responses.create({ model: 'chat/m', input: 'x', conversation: id })).rejects.toMatchObject({
      status: 400,
      param: 'conversation',
    });
    expect(await itemsOf(id)).toHaveLength(1);
  });

  it.each<[what: string, body: object, param: string]>([
    ['an unknown conversation', { conversation: UNKNOWN }, 'conversation'],
    ['a conversation beside an earlier response', { conversation: UNKNOWN, previous_response_id: 'resp_1' }, 'conversation'],
    ['a conversation that is no id', { conversation: 7 }, 'conversation'],
  ])('refuses a response with %s', async (_what, body, param) => {
    const request = { model: 'chat/m', input: 'x', ...body } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    await expect(client.responses.create(request)).rejects.toMatchObject({ status: 400, param });
  });

  it.each<[what: string, body: object, param: string]>([
    ['items that are no list', { items: 'x' }, 'items'],
    ['metadata with a number', { metadata: { a: 1 } }, 'metadata'],
    ['too long metadata', { metadata: { a: 'x'.repeat(513) } }, 'metadata'],
  ])('refuses to create a conversation with %s', async (_what, body, param) => {
    await expect(client.conversations.create(body)).rejects.toMatchObject({ status: 400, param });
  });

  it('forwards a request byte for byte when its text only looks like a reference', async () => {
    native.answer(whole(nativeAnswer('resp_text', [messageItem('msg_text', 'ok')])));
    const body = {
      model: 'native/n',
      input: 'the word "conversation" in quotes',
      tools: [{ type: 'function', name: 'conversation' }],
    };
    await fetch(`${replicas[0]?.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(native.requests.at(-1)?.body).toBe(JSON.stringify({ ...body, model: 'n' }));
  });

  it('compacts a conversation with the model of any provider, and continues from the summary', async () => {
    chat.answer(whole(chatAnswer({ content: 'The user wants a cat.' })));
    const input = [
      { role: 'user' as const, content: 'I want a cat.' },
      { role: 'assistant' as const, content: 'Which one?' },
    ];
    const compacted = await client.responses.compact({ model: 'chat/m' as never, input });
    expect(compacted).toMatchObject({ object: 'response.compaction', usage: { total_tokens: 10 } });
    expect(compacted.output.map(({ type }) => type)).toEqual(['message', 'compaction']);
    native.answer(whole(nativeAnswer('resp_after', [messageItem('msg_after', 'A black one.')])));
    const next = [...compacted.output, { role: 'user', content: 'Go on.' }] as OpenAI.Responses.ResponseInput;
    await second.responses.create({ model: 'native/n', input: next });
    expect(native.requests.at(-1)?.body).toContain('The user wants a cat.');
    expect(native.requests.at(-1)?.body).not.toContain('compaction');
  });

  it.each<[what: string, body: object, status: number]>([
    ['without a model', { input: 'x' }, 400],
    ['of a model that is not there', { model: 'none/m', input: 'x' }, 404],
  ])('refuses a compaction %s, in OpenAI’s form', async (_what, body, status) => {
    await expect(client.responses.compact(body as never)).rejects.toMatchObject({
      status,
      error: { message: expect.any(String) },
    });
  });
});
