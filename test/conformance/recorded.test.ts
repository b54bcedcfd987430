import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type Recording, recordedFiles, recordingOf, wireOf } from '../support/recordings.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-recorded';

type Chunk = { readonly choices?: readonly unknown[]; readonly usage?: unknown };

const isUsageAlone = (data: string): boolean => {
  const { choices, usage } = JSON.parse(data) as Chunk;
  return choices?.length === 0 && usage != null;
};

type CallerDialect = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini';

/** Route and body of a caller of each dialect. */
const ASKED: Readonly<Record<CallerDialect, (streamed: boolean) => readonly [route: string, body: object]>> = {
  'openai-chat': () => ['/v1/chat/completions', { model: 'openai-chat/m', messages: [{ role: 'user', content: 'x' }] }],
  'openai-responses': () => ['/v1/responses', { model: 'openai-responses/m', input: 'x' }],
  'anthropic-messages': () => [
    '/v1/messages',
    { model: 'anthropic-messages/m', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] },
  ],
  gemini: (streamed: boolean) => [
    `/v1beta/models/gemini/m:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    { contents: [{ role: 'user', parts: [{ text: 'x' }] }] },
  ],
};

const files = recordedFiles();
const recordings = files
  .flatMap((file) => recordingOf(file) ?? [])
  .filter((recording): recording is Recording & { dialect: CallerDialect } => recording.dialect in ASKED);

/** Responses of OpenAI's other routes, and of compatible providers. */
const OTHERS: readonly (readonly [name: string, route: string, body: object | 'multipart'])[] = [
  ['openai/openai-embedding.json', '/v1/embeddings', { model: 'openai-chat/m', input: 'x' }],
  ['openai/openai-completion-text.json', '/v1/completions', { model: 'openai-chat/m', prompt: 'x' }],
  ['openai/openai-image.json', '/v1/images/generations', { model: 'openai-chat/m', prompt: 'x' }],
  ['openai/openai-image-edit.json', '/v1/images/edits', 'multipart'],
  ['groq/groq-transcription-text.json', '/v1/audio/transcriptions', 'multipart'],
  ['mistral/mistral-transcription.json', '/v1/audio/transcriptions', 'multipart'],
  ['cohere/cohere-reranking.1.json', '/v1/rerank', { model: 'openai-chat/m', query: 'x', documents: ['y'] }],
];

if (files.length === 0) {
  // a named skip, so that missing recordings are not mistaken for passed tests
  describe("real providers' responses", () =>
    it.skip(`skips the recorded responses: there are no recordings at ../shared/recorded`, () => {}));
} else {
  describe("real providers' responses for a caller of their own dialect", () => {
    let upstream: ScriptedUpstream;
    let gateway: Gateway;
    beforeAll(async () => {
      upstream = await startScriptedUpstream();
      const { baseUrl } = upstream;
      gateway = await startGateway({
        config: {
          providers: {
            'openai-chat': { baseUrl, dialect: 'openai-chat', routes: ['images', 'audio', 'rerank'] },
            'openai-responses': { baseUrl, dialect: 'openai-responses' },
            'anthropic-messages': { baseUrl, dialect: 'anthropic-messages' },
            gemini: { baseUrl, dialect: 'gemini' },
          },
          keys: [{ name: 'recorded', secret: KEY }],
        },
      });
    });
    afterAll(async () => {
      await gateway.close(0);
      await upstream.close();
    });
    const post = async (route: string, body: object): Promise<string> => {
      const answer = await fetch(`${gateway.url}${route}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return answer.text();
    };

    it.each(recordings.map((recording) => [`${recording.name} (${recording.dialect})`, recording] as const))(
      'returns a recorded response byte for byte: %s',
      async (_name, recording) => {
        const { streamed, dialect, text } = recording;
        const wire = streamed ? wireOf(recording) : text;
        upstream.answer(streamed ? events(wire) : whole(text));
        const [route, body] = ASKED[dialect](streamed);
        const stream = streamed && dialect !== 'gemini' ? { stream: true } : {};
        const options = streamed && dialect === 'openai-chat' ? { stream_options: { include_usage: true } } : {};
        expect(await post(route, { ...body, ...stream, ...options })).toBe(wire);
      },
    );

    const chatStreams = recordings.filter(({ dialect, streamed }) => dialect === 'openai-chat' && streamed);
    it.each(chatStreams.map((recording) => [recording.name, recording] as const))(
      'returns a recorded stream without usage that the caller did not request: %s',
      async (_name, recording) => {
        upstream.answer(events(wireOf(recording)));
        const [route, body] = ASKED['openai-chat'](true);
        const shown = { ...recording, events: recording.events.filter((data) => !isUsageAlone(data)) };
        expect(await post(route, { ...body, stream: true })).toBe(wireOf(shown));
      },
    );

    it.each(OTHERS)('returns a recorded response of another route byte for byte: %s', async (name, route, body) => {
      const { text } = files.find((file) => file.name === name) as { text: string };
      upstream.answer(whole(text));
      if (body !== 'multipart') {
        expect(await post(route, body)).toBe(text);
        return;
      }
      const form = new FormData();
      form.set('file', new Blob(['sound']), 'a.wav');
      form.set('model', 'openai-chat/m');
      const headers = { authorization: `Bearer ${KEY}` };
      const answer = await fetch(`${gateway.url}${route}`, { method: 'POST', headers, body: form });
      expect(await answer.text()).toBe(text);
      expect(upstream.requests.at(-1)?.body).toContain('sound');
    });

    it('returns a stream of Gemini without alt=sse as an array', async () => {
      const recording = recordings.find(({ dialect, streamed }) => dialect === 'gemini' && streamed) as Recording;
      const wire = `[${recording.events.join('\r\n,\r\n')}]`;
      upstream.answer(whole(wire));
      const [, body] = ASKED.gemini(true);
      expect(await post('/v1beta/models/gemini/m:streamGenerateContent', body)).toBe(wire);
      expect(upstream.requests.at(-1)?.path).toBe('/v1/models/m:streamGenerateContent');
    });

    it('covers recordings of many providers', () => {
      expect(new Set(recordings.map(({ name }) => name.split('/')[0])).size).toBeGreaterThan(10);
    });
  });
}
