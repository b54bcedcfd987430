import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../../support/scripted-upstream.ts';
import { startGateway } from '../../support/start-gateway.ts';
import { CASES, chunks, completion, KEY, user } from './cases.ts';

describe('the official OpenAI SDK', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let direct: OpenAI;
  let through: OpenAI;
  const seen: { direct: Buffer; through: Buffer } = { direct: Buffer.alloc(0), through: Buffer.alloc(0) };

  /** Returns an SDK that keeps the bytes of its last response. */
  const clientOf = (baseURL: string, apiKey: string, side: 'direct' | 'through'): OpenAI =>
    new OpenAI({
      baseURL,
      apiKey,
      maxRetries: 0,
      fetch: async (url, init) => {
        const response = await fetch(url as string, init as RequestInit);
        const bytes = Buffer.from(await response.arrayBuffer());
        seen[side] = bytes;
        return new Response(bytes, { status: response.status, headers: response.headers });
      },
    });

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl, apiKey: 'sk-of-the-provider' } },
        models: {
          'gpt-4o-mini': { targets: [{ provider: 'up', model: 'gpt-4o-mini' }] },
          renamed: { targets: [{ provider: 'up', model: 'gpt-4o-mini-2024-07-18' }] },
        },
        keys: [
          { name: 'sdk', secret: KEY },
          { name: 'one-model', secret: `${KEY}-one`, models: ['renamed'] },
          { name: 'once', secret: `${KEY}-once`, limits: { requests: '1/h' } },
        ],
      },
    });
    direct = clientOf(upstream.baseUrl, 'sk-of-the-provider', 'direct');
    through = clientOf(`${gateway.url}/v1`, KEY, 'through');
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => {
    (upstream.requests as unknown[]).length = 0;
  });

  it.each(CASES.map((one) => [one.what, one] as const))(
    'sends and returns the same bytes with and without the gateway: %s',
    async (_what, one) => {
      upstream.answer(one.answer);
      const expected = await one.run(direct);
      const sentDirectly = upstream.requests.map(({ path, body }) => ({ path, body }));
      (upstream.requests as unknown[]).length = 0;
      const got = await one.run(through);
      expect(got).toEqual(expected);
      expect(JSON.stringify(got)).toBe(JSON.stringify(expected));
      expect(seen.through.equals(seen.direct)).toBe(true);
      const sentThrough = upstream.requests.map(({ path, body }) => ({
        path,
        body: body.replace('"stream_options":{"include_usage":true},', ''),
      }));
      expect(sentThrough).toEqual(
        sentDirectly.map(({ path, body }) => ({ path, body: body.replace('"stream_options":{"include_usage":true},', '') })),
      );
    },
  );

  it("changes only the value of the model's name in a request", async () => {
    upstream.answer(whole(completion({ content: 'x' })));
    const body =
      '{ "messages":[{"role":"user","content":"\\u00fc \\"model\\":\\"renamed\\""}],\n"x":1.50, "model" : "renamed" ,"y":{"model":"renamed"}}';
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json; charset=utf-8' },
      body,
    });
    expect(upstream.requests[0]?.body).toBe(body.replace('"model" : "renamed"', '"model" : "gpt-4o-mini-2024-07-18"'));
  });

  it('lists the models that its key may use, and finds one of them', async () => {
    const page = await through.models.list();
    expect(page.data.map(({ id }) => id)).toEqual(['gpt-4o-mini', 'renamed']);
    for (const model of page.data) expect(model).toMatchObject({ object: 'model', owned_by: 'up', created: expect.any(Number) });
    expect(await through.models.retrieve('renamed')).toEqual(page.data[1]);
    const restricted = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: `${KEY}-one`, maxRetries: 0 });
    expect((await restricted.models.list()).data.map(({ id }) => id)).toEqual(['renamed']);
    await expect(restricted.models.retrieve('gpt-4o-mini')).rejects.toMatchObject({ status: 403, code: 'model_not_allowed' });
  });

  it("returns errors that OpenAI's SDK throws as its own types", async () => {
    const create = (client: OpenAI, model = 'gpt-4o-mini') => client.chat.completions.create({ model, messages: user('x') });
    const clientWith = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
    upstream.answer(whole(completion({ content: 'x' })));
    await expect(create(clientWith('wrong'))).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(create(clientWith(`${KEY}-one`))).rejects.toThrow(OpenAI.PermissionDeniedError);
    await expect(create(through, 'nowhere')).rejects.toThrow(OpenAI.NotFoundError);
    await expect(through.chat.completions.create({ model: 'gpt-4o-mini', messages: [] })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      param: 'messages',
      code: 'invalid_request',
      type: 'invalid_request_error',
      requestID: expect.any(String),
    });
    await create(clientWith(`${KEY}-once`));
    await expect(create(clientWith(`${KEY}-once`))).rejects.toThrow(OpenAI.RateLimitError);
    upstream.answer(whole('{"error":{"message":"down","type":"server_error"}}', 500));
    await expect(create(through)).rejects.toThrow(OpenAI.InternalServerError);
    const refused = { message: 'too long', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' };
    upstream.answer(whole(JSON.stringify({ error: refused }), 400));
    await expect(create(through)).rejects.toMatchObject({ constructor: OpenAI.BadRequestError, code: 'context_length_exceeded' });
    expect(seen.through.toString()).toBe(JSON.stringify({ error: refused }));
  });

  it("lets OpenAI's SDK retry when the provider recommends it", async () => {
    let asked = 0;
    upstream.answer((response) => {
      asked++;
      if (asked < 3)
        whole('{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}', 429, { 'retry-after': '0' })(
          response,
        );
      else whole(completion({ content: 'at last' }))(response);
    });
    const patient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 2 });
    const answer = await patient.chat.completions.create({ model: 'gpt-4o-mini', messages: user('x') });
    expect([asked, answer.choices[0]?.message.content]).toEqual([3, 'at last']);
  });

  it("makes OpenAI's SDK throw in the middle of a broken stream", async () => {
    const broken = chunks([{ role: 'assistant', content: 'half' }], 'stop')
      .split('\n\n')
      .slice(0, 2)
      .join('\n\n');
    upstream.answer(events(`${broken}\n\n`));
    const plain = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
    const stream = await plain.chat.completions.create({ model: 'gpt-4o-mini', messages: user('x'), stream: true });
    const got: (string | null | undefined)[] = [];
    await expect(
      (async () => {
        for await (const chunk of stream) got.push(chunk.choices[0]?.delta.content);
      })(),
    ).rejects.toThrow(OpenAI.APIError);
    expect(got).toEqual(['half']);
  });
});
