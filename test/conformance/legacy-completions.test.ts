import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-an-older-client';
const HEAD = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' };
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const chunk = (text: string, finish: string | null = null, index = 0, logprobs: object | null = null) => ({
  ...HEAD,
  choices: [{ index, text, finish_reason: finish, logprobs }],
});
const sse = (chunks: readonly object[], done = true): string =>
  `${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}${done ? 'data: [DONE]\n\n' : ''}`;

describe('legacy completions from a provider with the other response form', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let openai: OpenAI;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: { old: { dialect: 'openai-chat', baseUrl: upstream.baseUrl } },
        keys: [{ name: 'older', secret: KEY }],
        resilience: { retries: { max: 0 } },
      },
    });
    openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });

  it('streams to a client that requested a stream when the provider sends a complete response', async () => {
    upstream.answer(whole(JSON.stringify({ ...chunk('Hello.', 'stop'), usage })));
    let text = '';
    for await (const one of await openai.completions.create({ model: 'old/m', prompt: 'Hi', stream: true }))
      text += one.choices[0]?.text;
    expect(text).toBe('Hello.');
  });

  it('returns a complete response with choices, log probabilities and usage when the provider streams', async () => {
    const probs = (token: string) => ({ tokens: [token], token_logprobs: [-1] });
    const chunks = [
      chunk('Hel', null, 0, probs('Hel')),
      chunk('B', null, 1),
      chunk('lo.', 'stop', 0, probs('lo.')),
      chunk('', 'length', 1),
    ];
    upstream.answer(events(sse([...chunks, { ...HEAD, choices: [], usage }])));
    const answer = await openai.completions.create({ model: 'old/m', prompt: 'Hi', n: 2 });
    expect(answer).toEqual({
      ...HEAD,
      choices: [
        { index: 0, text: 'Hello.', finish_reason: 'stop', logprobs: { tokens: ['Hel', 'lo.'], token_logprobs: [-1, -1] } },
        { index: 1, text: 'B', finish_reason: 'length', logprobs: null },
      ],
      usage,
    });
  });

  it("fails when the provider's stream is truncated or reports an error", async () => {
    const ask = () => openai.completions.create({ model: 'old/m', prompt: 'Hi' });
    upstream.answer(events(sse([chunk('Hel')], false)));
    await expect(ask()).rejects.toMatchObject({ status: 502 });
    upstream.answer(events(sse([chunk('Hel'), { error: { message: 'out of memory', code: 500 } }])));
    await expect(ask()).rejects.toMatchObject({ status: 502 });
  });
});
