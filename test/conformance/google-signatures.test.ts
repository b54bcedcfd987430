import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-an-agent';
const SKIP = { google: { thought_signature: 'skip_thought_signature_validator' } };
const call = { id: 'tool_f_1', type: 'function', function: { name: 'f', arguments: '{}' } };
const result = { role: 'tool', tool_call_id: 'tool_f_1', content: '42' };
const user = { role: 'user', content: 'Go.' };
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
const completion = (message: object) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: 'tool_calls' }],
  });

describe("signatures of Google's models in chat completions", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const { baseUrl } = upstream;
    gateway = await startGateway({
      config: {
        providers: {
          compatible: { baseUrl, dialect: 'openai-chat' },
          openai: { baseUrl, dialect: 'openai-chat', apiKey: 'k' },
          openrouter: { baseUrl, dialect: 'openai-chat', apiKey: 'k' },
        },
        keys: [{ name: 'agent', secret: KEY }],
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => {
    upstream.forget();
    upstream.answer(whole(completion({ content: 'ok' })));
  });
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${gateway.url}/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, unknown>;
  };
  type Sent = { messages: { role: string; tool_calls?: object[]; reasoning_details?: object[] }[] };
  const sent = () =>
    (JSON.parse(upstream.requests.at(-1)?.body ?? '{}') as Sent).messages.find(({ role }) => role === 'assistant');

  /** Makes a first turn in Anthropic's dialect, then a second turn with the returned content. */
  async function twoTurns(model: string, message: object) {
    const asked = { model, max_tokens: 10, tools: [{ name: 'f', input_schema: { type: 'object' } }] };
    upstream.answer(whole(completion(message)));
    const first = await post('/messages', { ...asked, messages: [user] });
    const back = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'tool_f_1', content: '42' }] };
    await post('/messages', { ...asked, messages: [user, { role: 'assistant', content: first['content'] }, back] });
  }

  it('returns the reasoning details of OpenRouter unchanged, with the id of their call', async () => {
    const details = [
      { type: 'reasoning.text', text: 'So.', signature: 's', format: 'google-gemini-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'c2ln', id: 'tool_f_1', format: 'google-gemini-v1', index: 1 },
    ];
    await twoTurns('openrouter/google/gemini-3-pro-preview', { tool_calls: [call], reasoning_details: details });
    expect(sent()?.reasoning_details).toEqual(details);
    expect(sent()?.tool_calls).toEqual([call]);
  });

  it("returns the signature of a call of Google's own endpoint", async () => {
    const signed = { ...call, extra_content: { google: { thought_signature: 'c2ln' } } };
    await twoTurns('compatible/gemini-3-pro-preview', { tool_calls: [signed] });
    expect(sent()?.tool_calls).toEqual([signed]);
  });

  it('writes the marker for a translated call without a signature', async () => {
    const history = [
      user,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'tool_f_1', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'tool_f_1', content: '42' }] },
    ];
    const asked = { max_tokens: 10, tools: [{ name: 'f', input_schema: { type: 'object' } }], messages: history };
    await post('/messages', { model: 'compatible/google/gemini-3-flash', ...asked });
    expect(sent()?.tool_calls).toEqual([{ ...call, extra_content: SKIP }]);
    await post('/messages', { model: 'openrouter/google/gemini-3-flash', ...asked });
    expect(sent()).toMatchObject({
      tool_calls: [call],
      reasoning_details: [
        { type: 'reasoning.encrypted', data: SKIP.google.thought_signature, id: 'tool_f_1', format: 'google-gemini-v1' },
      ],
    });
    await post('/messages', { model: 'compatible/google/gemini-2.5-flash', ...asked });
    expect(sent()?.tool_calls).toEqual([call]);
  });

  it('adds only the marker to a passed-through call without a signature', async () => {
    const other = { ...call, id: 'tool_f_2' };
    const messages = [
      user,
      { role: 'assistant', content: null, tool_calls: [call, other] },
      result,
      { ...result, tool_call_id: 'tool_f_2' },
    ];
    await post('/chat/completions', { model: 'compatible/gemini-3-flash', messages, tools, odd: 1 });
    expect(sent()?.tool_calls).toEqual([{ ...call, extra_content: SKIP }, other]);
    const signed = { ...call, extra_content: { google: { thought_signature: 'c2ln' } } };
    const known = {
      model: 'gemini-3-flash',
      messages: [user, { role: 'assistant', content: null, tool_calls: [signed] }, result],
      tools,
    };
    await post('/chat/completions', { ...known, model: 'compatible/gemini-3-flash' });
    expect(upstream.requests.at(-1)?.body).toBe(JSON.stringify(known));
  });

  it('removes the signature for a provider that refuses it', async () => {
    const signed = { ...call, extra_content: { google: { thought_signature: 'c2ln' } } };
    const messages = [user, { role: 'assistant', content: null, tool_calls: [signed] }, result];
    await post('/chat/completions', { model: 'openai/gpt-4o', messages, tools });
    expect(sent()?.tool_calls).toEqual([call]);
  });
});

describe("a passed-through history of Gemini's dialect", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    upstream.answer(whole(JSON.stringify({ candidates: [{ content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP' }] })));
    gateway = await startGateway({
      config: {
        providers: { google: { baseUrl: upstream.baseUrl, apiKey: 'k' } },
        keys: [{ name: 'agent', secret: KEY }],
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  const fc = (name: string, more: object = {}) => ({ functionCall: { name, args: {} }, ...more });
  const fr = (name: string) => ({ functionResponse: { name, response: {} } });
  const pass = async (model: string, contents: object[]): Promise<string | undefined> => {
    await fetch(`${gateway.url}/v1beta/models/google/${model}:generateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ contents }, null, 1),
    });
    return upstream.requests.at(-1)?.body;
  };
  const ask = { role: 'user', parts: [{ text: 'Go.' }] };

  it('joins parallel calls that were stored as separate turns, and keeps the rest byte for byte', async () => {
    const signature = { thoughtSignature: 'c2ln' };
    const split = [ask, { role: 'model', parts: [fc('f', signature)] }, { role: 'model', parts: [fc('g')] }];
    const results = { role: 'user', parts: [fr('f'), fr('g')] };
    expect(JSON.parse((await pass('gemini-3-flash', [...split, results])) ?? '')).toEqual({
      contents: [ask, { role: 'model', parts: [fc('f', signature), fc('g')] }, results],
    });
    const fine = [ask, { role: 'model', parts: [fc('f', signature), fc('g')] }, results];
    expect(await pass('gemini-3-flash', fine)).toBe(JSON.stringify({ contents: fine }, null, 1));
  });

  it('adds the marker to a call without a signature that Gemini 3 refuses', async () => {
    const unsigned = [ask, { role: 'model', parts: [fc('f')] }, { role: 'user', parts: [fr('f')] }];
    expect(await pass('gemini-3-flash', unsigned)).toContain('skip_thought_signature_validator');
    expect(await pass('gemini-2.5-flash', unsigned)).toBe(JSON.stringify({ contents: unsigned }, null, 1));
  });
});
