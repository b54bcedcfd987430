import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { startGatewayHere } from '../support/gateway-here.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-sdk';
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const usage = {
  prompt_tokens: 13,
  completion_tokens: 7,
  total_tokens: 20,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 2,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const head = { id: 'chatcmpl-1', object: 'chat.completion', created: 1_741_569_952, model: 'gpt-4o-mini-2024-07-18' };
const completion = (message: object, more: object = {}): string =>
  // odd spaces and an unknown field show that the gateway forwards the bytes, not a parsed copy
  `{ "unknown_field": [1.0, 1e3,"\\u00fc"], ${JSON.stringify({
    ...head,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', refusal: null, annotations: [], ...message },
        logprobs: null,
        finish_reason: 'stop',
        ...more,
      },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: 'fp_1',
  }).slice(1)}\n`;
const chunks = (deltas: readonly object[], finish: string): string => {
  const event = (choices: object[], more: object = {}) =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, obfuscation: 'abc', ...more })}\n\n`;
  const body = deltas.map((delta) => event([{ index: 0, delta, logprobs: null, finish_reason: null }]));
  return [
    ': a comment\n\n',
    ...body,
    event([{ index: 0, delta: {}, logprobs: null, finish_reason: finish }]),
    event([], { usage }),
    'data: [DONE]\n\n',
  ].join('');
};

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather at a place',
    parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'], additionalProperties: false },
    strict: true,
  },
} as const;
const user = (content: string) => [{ role: 'user' as const, content }];

type Answer = (response: ServerResponse) => void;

interface Case {
  readonly what: string;
  readonly answer: Answer;
  /** Calls the SDK as an application does. The test compares the result with the provider's own result. */
  readonly run: (client: OpenAI) => Promise<unknown>;
}

const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
};

const CASES: readonly Case[] = [
  {
    what: 'chat',
    answer: whole(completion({ content: 'Grüße 👋' })),
    run: (client) => client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('hello'), temperature: 0.5, seed: 1 }),
  },
  {
    what: 'a stream',
    answer: events(chunks([{ role: 'assistant', content: '' }, { content: 'Grü' }, { content: 'ße 👋' }], 'stop')),
    run: async (client) =>
      collect(
        await client.chat.completions.create({
          model: 'gpt-4o-mini',
          messages: user('hello'),
          stream: true,
          stream_options: { include_usage: true },
        }),
      ),
  },
  {
    what: "a stream, joined by the SDK's helper",
    answer: events(chunks([{ role: 'assistant', content: '' }, { content: 'two ' }, { content: 'parts' }], 'stop')),
    run: (client) =>
      client.chat.completions
        .stream({ model: 'gpt-4o-mini', messages: user('hello'), stream_options: { include_usage: true } })
        .finalChatCompletion(),
  },
  {
    what: 'several choices',
    answer: whole(
      completion({ content: 'a' }).replace(
        '"choices":[',
        '"choices":[{"index":1,"message":{"role":"assistant","content":"b"},"finish_reason":"length"},',
      ),
    ),
    run: (client) => client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('hello'), n: 2, stop: ['\n'] }),
  },
  {
    what: 'parallel tools, and their results in the next turn',
    answer: whole(
      completion(
        {
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"place":"Köln"}' } },
            { id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{"place":"Ulm"}' } },
          ],
        },
        { finish_reason: 'tool_calls' },
      ),
    ),
    run: async (client) => {
      const first = await client.chat.completions.create({
        model: 'gpt-4o-mini',
        messages: user('weather?'),
        tools: [weather],
        tool_choice: 'auto',
        parallel_tool_calls: true,
      });
      const message = first.choices[0]?.message as OpenAI.ChatCompletionMessage;
      const results = (message.tool_calls ?? []).map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: 'rain' }));
      return [
        first,
        await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [...user('weather?'), message, ...results] }),
      ];
    },
  },
  {
    what: 'streamed tool arguments, joined by the SDK',
    answer: events(
      chunks(
        [
          { role: 'assistant', content: null },
          { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] },
          { tool_calls: [{ index: 0, function: { arguments: '{"pla' } }] },
          { tool_calls: [{ index: 0, function: { arguments: 'ce":"Köln"}' } }] },
        ],
        'tool_calls',
      ),
    ),
    run: (client) =>
      client.chat.completions
        .stream({ model: 'gpt-4o-mini', messages: user('weather?'), tools: [weather], stream_options: { include_usage: true } })
        .finalChatCompletion(),
  },
  {
    what: 'structured output',
    answer: whole(completion({ content: '{"city":"Köln","rain":true}' })),
    run: (client) =>
      client.chat.completions.parse({
        model: 'gpt-4o-mini',
        messages: user('as JSON'),
        response_format: {
          type: 'json_schema',
          json_schema: {
            name: 'report',
            strict: true,
            schema: {
              type: 'object',
              properties: { city: { type: 'string' }, rain: { type: 'boolean' } },
              required: ['city', 'rain'],
              additionalProperties: false,
            },
          },
        },
      }),
  },
  {
    what: 'a refusal',
    answer: whole(completion({ content: null, refusal: 'I cannot help with that.' })),
    run: (client) => client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('no') }),
  },
  {
    what: 'images, by URL and as data',
    answer: whole(completion({ content: 'a dot' })),
    run: (client) =>
      client.chat.completions.create({
        model: 'gpt-4o-mini',
        messages: [
          { role: 'developer', content: 'Describe.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
              { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            ],
          },
        ],
      }),
  },
  {
    what: 'log probabilities',
    answer: whole(
      completion(
        { content: 'Hi' },
        {
          logprobs: {
            content: [
              {
                token: 'Hi',
                logprob: -0.31725305,
                bytes: [72, 105],
                top_logprobs: [{ token: 'Hey', logprob: -1.3190403, bytes: null }],
              },
            ],
            refusal: null,
          },
        },
      ),
    ),
    run: (client) =>
      client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('hello'), logprobs: true, top_logprobs: 2 }),
  },
  {
    what: 'reasoning effort and the newer limits',
    answer: whole(completion({ content: 'x' })),
    run: (client) =>
      client.chat.completions.create({
        model: 'gpt-4o-mini',
        messages: user('think'),
        reasoning_effort: 'low',
        max_completion_tokens: 100,
        metadata: { a: 'b' },
      }),
  },
  {
    what: 'a plain completion',
    answer: whole(
      JSON.stringify({
        id: 'cmpl-1',
        object: 'text_completion',
        created: 1,
        model: 'm',
        choices: [{ text: ' world', index: 0, logprobs: null, finish_reason: 'length' }],
        usage,
      }),
    ),
    run: (client) => client.completions.create({ model: 'gpt-4o-mini', prompt: ['hello'], max_tokens: 5 }),
  },
  {
    what: 'a plain completion, streamed',
    answer: events(
      'data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":" world","index":0,"logprobs":null,"finish_reason":null}]}\n\ndata: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    ),
    run: async (client) => collect(await client.completions.create({ model: 'gpt-4o-mini', prompt: 'hello', stream: true })),
  },
  {
    what: 'embeddings, which the SDK requests in base64',
    answer: whole(
      JSON.stringify({
        object: 'list',
        data: [
          { object: 'embedding', index: 0, embedding: Buffer.from(new Float32Array([0.5, -0.25, 1]).buffer).toString('base64') },
        ],
        model: 'text-embedding-3-small',
        usage: { prompt_tokens: 2, total_tokens: 2 },
      }),
    ),
    run: (client) => client.embeddings.create({ model: 'gpt-4o-mini', input: ['hello', 'world'], dimensions: 3 }),
  },
  {
    what: 'embeddings as numbers',
    answer: whole(
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0023064255,-0.009327292]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}',
    ),
    run: (client) => client.embeddings.create({ model: 'gpt-4o-mini', input: 'hello', encoding_format: 'float' }),
  },
];

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
    gateway = await startGatewayHere({
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
