import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI, { toFile } from 'openai';
import { whole } from '../../support/scripted-upstream.ts';
import { startGateway } from '../../support/start-gateway.ts';
import { KEY, type Stage, startStage, type Vendor } from './stage.ts';

describe('requests with a multipart body', () => {
  let stage: Stage;
  let gateway: Gateway;
  beforeAll(async () => {
    stage = await startStage();
    gateway = stage.gateway;
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.stop());
  const up = (vendor: Vendor) => stage.up(vendor);
  const reached = () => stage.reached();
  const openai = (suffix?: string) => stage.openai(suffix);
  const transcribe = async (model: string, suffix = '') =>
    openai(suffix).audio.transcriptions.create({ model, file: await toFile(Buffer.alloc(1_000, 'x'), 'a.wav') });

  it("routes a multipart request to the provider of its model, under the provider's own model name", async () => {
    up('second').answer(whole('{"text":"heard"}'));
    expect(await transcribe('scribe')).toMatchObject({ text: 'heard' });
    expect(reached()).toEqual(['second']);
    const { body, headers } = up('second').requests[0] ?? { body: '', headers: {} };
    expect(body).toMatch(/name="model"\r\n\r\nwhisper-1\r\n/);
    expect(body).not.toContain('scribe');
    if (headers['content-length'] !== undefined) expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
  });

  it('accepts a multipart request of a key that may use the model, and refuses other keys', async () => {
    up('second').answer(whole('{"text":"heard"}'));
    await transcribe('scribe', '-some');
    await expect(transcribe('openai/whisper-1', '-some')).rejects.toMatchObject({ status: 403 });
    await expect(transcribe('whisper-1', '-some')).rejects.toMatchObject({ status: 403 });
    expect(reached()).toEqual(['second']);
  });

  it('routes a multipart request with an unconfigured model to the vendor, under the same name', async () => {
    up('second').answer(whole('{"text":"heard"}'));
    await transcribe('gpt-4o-transcribe');
    // the first provider of OpenAI's type that has the route
    expect(reached()).toEqual(['second']);
    expect(up('second').requests[0]?.body).toMatch(/name="model"\r\n\r\ngpt-4o-transcribe\r\n/);
  });

  it('takes the model of a multipart request from the path of an Azure client', async () => {
    up('second').answer(whole('{"text":"heard"}'));
    const form = new FormData();
    form.append('file', new Blob(['x']), 'a.wav');
    const response = await fetch(`${gateway.url}/openai/deployments/scribe/audio/transcriptions?api-version=2024-10-21`, {
      method: 'POST',
      headers: { 'api-key': KEY },
      body: form,
    });
    expect(response.status).toBe(200);
    expect(up('second').requests[0]).toMatchObject({
      path: '/v1/audio/transcriptions',
      body: expect.stringMatching(/name="model"\r\n\r\nwhisper-1\r\n/),
    });
  });

  it('refuses a multipart request with a second model after the checked one', async () => {
    up('second').answer(whole('{"text":"heard"}'));
    const boundary = 'b-0';
    const part = (head: string, value: string) => `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
    const body = `${part('name="model"', 'scribe')}${part('name="file"; filename="a"', 'x'.repeat(300_000))}${part('name="model"', 'gpt-4o-transcribe')}--${boundary}--\r\n`;
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}-some`, 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("several parts 'model'")]);
    expect(up('second').requests.filter((request) => request.body.includes('gpt-4o-transcribe'))).toEqual([]);
  });

  it('routes a multipart request to the configured default of its API', async () => {
    const defaults = await startGateway({
      config: {
        providers: {
          openai: { baseUrl: up('openai').baseUrl },
          second: { type: 'openai', baseUrl: up('second').baseUrl },
        },
        passThrough: { openai: 'second' },
        keys: [{ name: 'one', secret: KEY, routes: ['/*'] }],
      },
    });
    await new OpenAI({ baseURL: `${defaults.url}/v1`, apiKey: KEY, maxRetries: 0 }).files.list();
    await defaults.close(0);
    expect(reached()).toEqual(['second']);
  });
});
