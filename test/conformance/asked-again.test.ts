import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { startGatewayHere } from '../support/gateway-here.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-asker';
const chunk = (choice: object) =>
  JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }] });
const stream = events(
  [chunk({ delta: { content: 'hi' }, finish_reason: null }), chunk({ delta: {}, finish_reason: 'stop' }), '[DONE]']
    .map((data) => `data: ${data}\n\n`)
    .join(''),
);
const response = JSON.stringify({ id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output: [] });

type Answer = ReturnType<typeof whole>;
/** Answers the first request one way, and those after it another. */
function inTurn(first: Answer, then: Answer): Answer {
  let count = 0;
  return (response) => (count++ === 0 ? first : then)(response);
}

describe('a provider that refuses what is not the caller’s', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGatewayHere({
      providers: {
        chat: { baseUrl: upstream.baseUrl, dialect: 'openai-chat' },
        plain: { baseUrl: upstream.baseUrl, dialect: 'openai-chat' },
        responses: { baseUrl: upstream.baseUrl, dialect: 'openai-responses' },
      },
      models: {
        asked: { targets: [{ provider: 'chat', model: 'm' }] },
        plain: { targets: [{ provider: 'plain', model: 'm', profile: { streamOptions: false } }] },
      },
      keys: [{ name: 'asker', secret: KEY }],
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => upstream.forget());

  const ask = (path: string, body: object) =>
    fetch(`${gateway.url}/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const sent = () => upstream.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

  it('is asked again without stream_options, and from then on so', async () => {
    const refusal = whole(JSON.stringify({ error: { message: 'stream_options: Extra inputs are not permitted' } }), 400);
    const messages = [{ role: 'user', content: 'x' }];
    upstream.answer(inTurn(refusal, stream));
    const answer = await ask('/chat/completions', { model: 'asked', stream: true, messages });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('hi');
    expect(sent().map((body) => 'stream_options' in body)).toEqual([true, false]);
    upstream.answer(stream);
    await (await ask('/chat/completions', { model: 'asked', stream: true, messages })).text();
    expect(sent().map((body) => 'stream_options' in body)).toEqual([true, false, false]);
  });

  it('is not asked with stream_options where the configuration says so', async () => {
    upstream.answer(stream);
    await (await ask('/chat/completions', { model: 'plain', stream: true, messages: [{ role: 'user', content: 'x' }] })).text();
    expect(sent()[0]).not.toHaveProperty('stream_options');
  });

  it('is asked again without the encrypted reasoning of another account', async () => {
    const error = { message: 'The encrypted content gAAA could not be verified.', code: 'invalid_encrypted_content' };
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' };
    const user = { role: 'user', content: 'x' };
    upstream.answer(inTurn(whole(JSON.stringify({ error }), 400), whole(response)));
    const answer = await ask('/responses', { model: 'responses/m', store: false, input: [user, reasoning, user] });
    expect(answer.status).toBe(200);
    expect(sent().map(({ input }) => input)).toEqual([
      [user, reasoning, user],
      [user, user],
    ]);
  });
});
