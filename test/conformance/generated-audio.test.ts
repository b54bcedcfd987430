import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-a-listener';
const SAMPLES = [Buffer.from([1, 0, 2, 0, 3]), Buffer.from([0, 4, 0])];
const pcm = (bytes: Buffer) => ({ inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: bytes.toString('base64') } });
const answer = (bytes: readonly Buffer[], finish = true) => ({
  candidates: [{ content: { role: 'model', parts: bytes.map(pcm) }, index: 0, ...(finish ? { finishReason: 'STOP' } : {}) }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
});

describe('generated audio of Gemini for a caller of chat completions', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let openai: OpenAI;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: {
          google: { baseUrl: upstream.baseUrl, apiKey: 'k' },
          anthropic: { baseUrl: upstream.baseUrl, apiKey: 'k' },
        },
        keys: [{ name: 'listener', secret: KEY }],
      },
    });
    openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  const sent = () => JSON.parse(upstream.requests.at(-1)?.body ?? '{}') as Record<string, unknown>;
  const asked = (voice: string, format: 'wav' | 'pcm16' | 'mp3') => ({
    model: 'google/gemini-2.5-flash-preview-tts',
    messages: [{ role: 'user' as const, content: 'Say hello.' }],
    modalities: ['audio' as const],
    audio: { voice, format },
  });

  it('returns a WAV file of all pieces of audio, with the requested voice', async () => {
    upstream.answer(whole(JSON.stringify(answer(SAMPLES))));
    const { choices, usage } = await openai.chat.completions.create(asked('Kore', 'wav'));
    const file = Buffer.from(choices[0]?.message.audio?.data ?? '', 'base64');
    expect(file.subarray(0, 4).toString()).toBe('RIFF');
    expect(file.readUInt32LE(24)).toBe(24_000);
    expect(file.readUInt32LE(40)).toBe(8);
    expect(file.subarray(44)).toEqual(Buffer.concat(SAMPLES));
    expect(choices[0]?.message.content).toBeNull();
    expect(usage?.completion_tokens).toBe(5);
    expect(sent()['generationConfig']).toEqual({
      responseModalities: ['AUDIO'],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
    });
  });

  it("returns raw samples of audio on request, and reports that a voice of OpenAI's was dropped", async () => {
    upstream.answer(whole(JSON.stringify(answer(SAMPLES))));
    const { data, response } = await openai.chat.completions.create(asked('alloy', 'pcm16')).withResponse();
    expect(Buffer.from(data.choices[0]?.message.audio?.data ?? '', 'base64')).toEqual(Buffer.concat(SAMPLES));
    expect(response.headers.get('x-sluice-dropped')).toBe('audio.voice');
    expect(sent()['generationConfig']).toEqual({ responseModalities: ['AUDIO'] });
  });

  it('streams audio in pieces', async () => {
    const chunks = SAMPLES.map((bytes, n) => `data: ${JSON.stringify(answer([bytes], n === 1))}\n\n`);
    upstream.answer(events(chunks.join('')));
    const pieces: Buffer[] = [];
    for await (const chunk of await openai.chat.completions.create({ ...asked('Kore', 'pcm16'), stream: true })) {
      const { audio } = (chunk.choices[0]?.delta ?? {}) as { audio?: { data: string } };
      if (audio !== undefined) pieces.push(Buffer.from(audio.data, 'base64'));
    }
    expect(pieces).toEqual(SAMPLES);
  });

  it('refuses an audio format that Gemini does not have, and a provider without audio', async () => {
    await expect(openai.chat.completions.create(asked('Kore', 'mp3'))).rejects.toMatchObject({
      status: 400,
      param: 'audio.format',
    });
    await expect(openai.chat.completions.create({ ...asked('Kore', 'wav'), model: 'anthropic/claude-x' })).rejects.toMatchObject({
      status: 400,
    });
  });

  it("returns images requested in OpenRouter's form", async () => {
    const parts = [{ text: 'Here.' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }];
    upstream.answer(
      whole(JSON.stringify({ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }] })),
    );
    const modalities = ['image', 'text'] as unknown as ['text'];
    const { choices } = await openai.chat.completions.create({
      model: 'google/g',
      messages: [{ role: 'user', content: 'Draw.' }],
      modalities,
    });
    expect(choices[0]?.message).toMatchObject({
      content: 'Here.',
      images: [{ image_url: { url: 'data:image/png;base64,AAAA' } }],
    });
    expect(sent()['generationConfig']).toEqual({ responseModalities: ['TEXT', 'IMAGE'] });
  });
});
