import Anthropic from '@anthropic-ai/sdk';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.ts';
import { startGateway } from '../../support/start-gateway.ts';

export const KEY = 'key-of-the-anthropic-sdk';
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const openAiAnswer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-x',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Hello.', refusal: null }, finish_reason: 'stop', logprobs: null },
  ],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
});
export const anthropicAnswer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 7, output_tokens: 2 },
});
export const tool = {
  name: 'weather',
  description: 'The weather of a place.',
  schema: { type: 'object' as const, properties: { place: { type: 'string' } }, required: ['place'] },
};

export interface Stage {
  readonly upstream: ScriptedUpstream;
  readonly gateway: Gateway;
  readonly anthropic: Anthropic;
  readonly openai: OpenAI;
  stop(): Promise<void>;
}

/** Starts a gateway with a provider of each of two dialects behind it, and the official clients in front of it. */
export async function startStage(): Promise<Stage> {
  const upstream = await startScriptedUpstream();
  const gateway = await startGateway({
    config: {
      providers: {
        openai: { baseUrl: upstream.baseUrl, dialect: 'openai-chat', apiKey: 'sk-of-openai' },
        anthropic: { baseUrl: upstream.baseUrl, dialect: 'anthropic-messages', apiKey: 'sk-of-anthropic' },
        pretend: { dialect: 'simulated', latency: '1ms' },
      },
      models: {
        pretend: { targets: [{ provider: 'pretend', model: 'p', price: { input: 1, output: 1 } }] },
        'gpt-x': { targets: [{ provider: 'openai', model: 'gpt-x' }] },
      },
      keys: [
        { name: 'all', secret: KEY },
        { name: 'few', secret: `${KEY}-few`, limits: { requests: '1/h' } },
      ],
      cache: { exact: { ttl: '1h' } },
    },
  });
  const anthropic = new Anthropic({
    baseURL: gateway.url,
    apiKey: KEY,
    maxRetries: 0,
    defaultHeaders: { 'cache-control': 'no-cache, no-store' },
  });
  const openai = new OpenAI({
    baseURL: `${gateway.url}/v1`,
    apiKey: KEY,
    maxRetries: 0,
    defaultHeaders: { 'cache-control': 'no-cache, no-store' },
  });
  const stop = async (): Promise<void> => {
    await gateway.close(0);
    await upstream.close();
  };
  return { upstream, gateway, anthropic, openai, stop };
}
