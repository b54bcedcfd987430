import type { ServerResponse } from 'node:http';
import type OpenAI from 'openai';
import { events, whole } from '../../support/scripted-upstream.ts';

export const KEY = 'key-of-the-sdk';
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
export const completion = (message: object, more: object = {}): string =>
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
export const chunks = (deltas: readonly object[], finish: string): string => {
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
export const user = (content: string) => [{ role: 'user' as const, content }];

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

export const CASES: readonly Case[] = [
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
