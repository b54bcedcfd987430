import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

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
/** Returns a responder that uses `first` for the first request and `then` for the others. */
function inTurn(first: Answer, then: Answer): Answer {
  let count = 0;
  return (response) => (count++ === 0 ? first : then)(response);
}

describe('retries without a refused parameter', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
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
      },
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

  it('retries without stream_options when the provider refuses it, and omits it from then on', async () => {
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

  it('omits stream_options when the configuration disables it', async () => {
    upstream.answer(stream);
    await (await ask('/chat/completions', { model: 'plain', stream: true, messages: [{ role: 'user', content: 'x' }] })).text();
    expect(sent()[0]).not.toHaveProperty('stream_options');
  });

  describe('translated requests', () => {
    const completion = (content: string) =>
      JSON.stringify({
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      });
    const refusal = (message: string) =>
      whole(JSON.stringify({ error: { message, type: 'invalid_request_error', code: null } }), 400);
    const say = (model: string, more: object = {}) =>
      ask('/messages', { model, max_tokens: 9, messages: [{ role: 'user', content: 'x' }], ...more });

    it('retries without a refused field, and omits the field from then on', async () => {
      upstream.answer(
        inTurn(refusal("Unsupported value: 'temperature' does not support 0.2 with this model."), whole(completion('hi'))),
      );
      const first = await say('chat/odd', { temperature: 0.2, top_p: 0.5 });
      expect(first.status).toBe(200);
      expect(first.headers.get('x-sluice-dropped')).toBe('temperature');
      await say('chat/odd', { temperature: 0.3 });
      await say('chat/even', { temperature: 0.3 });
      expect(sent().map(({ temperature }) => temperature)).toEqual([0.2, undefined, undefined, 0.3]);
    });

    it('retries with the other name of a token limit', async () => {
      upstream.answer(
        inTurn(refusal("Unrecognized request argument supplied: 'max_completion_tokens'"), whole(completion('hi'))),
      );
      expect((await say('chat/old')).status).toBe(200);
      expect(sent().map(({ max_tokens, max_completion_tokens }) => [max_tokens, max_completion_tokens])).toEqual([
        [undefined, 9],
        [9, undefined],
      ]);
    });

    it('applies stop sequences in the gateway when the provider refuses them', async () => {
      upstream.answer(
        inTurn(refusal("Unsupported parameter: 'stop' is not supported with this model."), whole(completion('one END two'))),
      );
      const answer = (await (await say('chat/endless', { stop_sequences: ['END'] })).json()) as {
        content: object;
        stop_reason: string;
      };
      expect(answer).toMatchObject({ content: [{ text: 'one ' }], stop_reason: 'stop_sequence' });
    });

    it('retries a refused request only once', async () => {
      upstream.answer(refusal("Unsupported parameter: 'temperature', 'top_p'"));
      expect((await say('chat/never', { temperature: 0.2 })).status).toBe(400);
      expect(sent()).toHaveLength(2);
      expect((await say('chat/never', { temperature: 0.2 })).status).toBe(400);
      expect(sent()).toHaveLength(3);
    });

    it("passes on the refusal when the caller uses the provider's dialect", async () => {
      upstream.answer(refusal("Unsupported parameter: 'temperature'"));
      const messages = [{ role: 'user', content: 'x' }];
      expect((await ask('/chat/completions', { model: 'chat/own', temperature: 0.2, messages })).status).toBe(400);
      expect(sent()).toHaveLength(1);
    });
  });

  it('retries without the encrypted reasoning of another account', async () => {
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
