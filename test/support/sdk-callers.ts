import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import {
  type NormalizedReply,
  normalizeAnthropic,
  normalizeGemini,
  normalizeOpenAi,
  normalizeResponses,
} from './normalized-reply.ts';

/** An application that calls a model with the official SDK of a dialect and returns the response. */
export type SdkCaller = (model: string, streamed: boolean) => Promise<NormalizedReply>;

export type CallerName = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini';

/** Returns the official SDKs, pointed at a gateway. */
export function sdkClients(url: string, apiKey: string) {
  return {
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: url, apiKey, maxRetries: 0 }),
    google: new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } }),
  };
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Returns a caller per SDK. Each caller sends one prompt. */
export function sdkCallers(url: string, apiKey: string): Readonly<Record<CallerName, SdkCaller>> {
  const { openai, anthropic, google } = sdkClients(url, apiKey);
  const messages = [{ role: 'user' as const, content: 'x' }];
  return {
    async 'openai-chat'(model, streamed) {
      if (!streamed) return normalizeOpenAi([await openai.chat.completions.create({ model, messages })], 'message');
      const options = { stream: true, stream_options: { include_usage: true } } as const;
      return normalizeOpenAi(await all(await openai.chat.completions.create({ model, messages, ...options })), 'delta');
    },
    async 'openai-responses'(model, streamed) {
      if (!streamed) return normalizeResponses(await openai.responses.create({ model, input: 'x' }));
      const events = await all(await openai.responses.create({ model, input: 'x', stream: true }));
      const last = events.at(-1);
      if (last?.type !== 'response.completed' && last?.type !== 'response.incomplete')
        throw new Error(`ended with ${last?.type}`);
      // the deltas agree with the complete response at the end
      const text = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
      const reply = normalizeResponses(last.response);
      const refused = events.map((event) => (event.type === 'response.refusal.delta' ? event.delta : '')).join('');
      if (text + refused !== reply.text) throw new Error(`streamed '${text}', repeated '${reply.text}'`);
      if (events.some((event, n) => event.sequence_number !== n)) throw new Error('the events are not numbered');
      return reply;
    },
    async 'anthropic-messages'(model, streamed) {
      const request = { model, max_tokens: 100, messages };
      const stream = () => anthropic.messages.stream(request).finalMessage();
      return normalizeAnthropic(streamed ? await stream() : await anthropic.messages.create(request));
    },
    async gemini(model, streamed) {
      if (!streamed) return normalizeGemini([await google.models.generateContent({ model, contents: 'x' })]);
      return normalizeGemini(await all(await google.models.generateContentStream({ model, contents: 'x' })));
    },
  };
}
