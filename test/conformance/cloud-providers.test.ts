import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { claudeFrames, converseFrames } from '../support/aws-frames.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { sdkClients } from '../support/sdk-callers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-clouds';
const SECRET = 'aws-secret-of-the-test';
const messages = [{ role: 'user' as const, content: 'x' }];

const openAiAnswer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
});
const claudeAnswer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 7, output_tokens: 2 },
});
const converseAnswer = JSON.stringify({
  output: { message: { role: 'assistant', content: [{ text: 'Hello.' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 7, outputTokens: 2, totalTokens: 9 },
});
const geminiAnswer = JSON.stringify({
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hello.' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 9 },
  modelVersion: 'gemini-x',
});
const claudeEvents = [
  { type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 7, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } },
  { type: 'message_stop' },
].map((event) => JSON.stringify(event));

describe('cloud providers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-clouds-'));
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let sdk: ReturnType<typeof sdkClients>;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const credentialsFile = join(folder, 'service-account.json');
    const account = {
      type: 'service_account',
      project_id: 'p-1',
      private_key_id: 'k-1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'sluice@p-1.iam.gserviceaccount.com',
    };
    writeFileSync(credentialsFile, JSON.stringify(account));
    const { origin } = new URL(upstream.baseUrl);
    const aws = {
      baseUrl: origin,
      region: 'eu-west-1',
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: SECRET,
      sessionToken: 'session',
    };
    const google = { baseUrl: `${origin}/v1/projects/p-1/locations/l-1/publishers`, credentialsFile };
    gateway = await startGateway({
      config: {
        providers: {
          azure: { baseUrl: `${origin}/openai/v1`, apiKey: 'azure-key' },
          older: { type: 'azure-deployments', baseUrl: `${origin}/openai`, apiKey: 'azure-key', apiVersion: '2025-01-01' },
          vertex: { ...google, baseUrl: `${google.baseUrl}/google` },
          'vertex-anthropic': { ...google, baseUrl: `${google.baseUrl}/anthropic` },
          bedrock: aws,
          'bedrock-anthropic': aws,
        },
        keys: [{ name: 'clouds', secret: KEY }],
      },
    });
    sdk = sdkClients(gateway.url, KEY);
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => upstream.answer(whole('{}', 500)));
  const reached = () => {
    const request = upstream.requests.at(-1);
    if (request === undefined) throw new Error('nothing reached the provider');
    return request;
  };
  const chat = (model: string) => sdk.openai.chat.completions.create({ model, messages });
  const claude = (model: string) => sdk.anthropic.messages.create({ model, max_tokens: 9, messages });

  it("sends Azure's newer API the key in its own header, and both of OpenAI's dialects", async () => {
    upstream.answer(whole(openAiAnswer));
    expect((await chat('azure/gpt-x')).choices[0]?.message.content).toBe('Hello.');
    expect(reached()).toMatchObject({ path: '/openai/v1/chat/completions', headers: { 'api-key': 'azure-key' } });
    expect(reached().headers).not.toHaveProperty('authorization');
    upstream.answer(whole('{"object":"response","output":[]}'));
    await sdk.openai.responses.create({ model: 'azure/gpt-x', input: 'x' });
    expect(reached().path).toBe('/openai/v1/responses');
  });

  it("sends Azure's older API the deployment in the path, also for embeddings", async () => {
    upstream.answer(whole(openAiAnswer));
    await chat('older/my deployment');
    expect(reached().path).toBe('/openai/deployments/my%20deployment/chat/completions?api-version=2025-01-01');
    upstream.answer(whole('{"object":"list","data":[],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1}}'));
    await sdk.openai.embeddings.create({ model: 'older/e', input: 'x' });
    expect(reached().path).toBe('/openai/deployments/e/embeddings?api-version=2025-01-01');
  });

  it("refuses a model's name that would leave its segment of the path", async () => {
    for (const model of ['older/..', 'older/../x', 'bedrock/a/../../b', 'vertex/..']) {
      const before = upstream.requests.length;
      await expect(chat(model)).rejects.toMatchObject({ status: 404 });
      expect(upstream.requests).toHaveLength(before);
    }
  });

  describe('Google Cloud', () => {
    const tokenOf = (header: string | undefined) => {
      const [head = '', payload = '', signature = ''] = (header ?? '').replace('Bearer ', '').split('.');
      const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }));
      const signed = verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'));
      return { signed, claims: JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown> };
    };

    it('presents a token that is signed by the service account', async () => {
      upstream.answer(whole(geminiAnswer));
      expect((await chat('vertex/gemini-x')).choices[0]?.message.content).toBe('Hello.');
      expect(reached().path).toBe('/v1/projects/p-1/locations/l-1/publishers/google/models/gemini-x:generateContent');
      const { signed, claims } = tokenOf(reached().headers.authorization);
      expect(signed).toBe(true);
      expect(claims).toMatchObject({
        iss: 'sluice@p-1.iam.gserviceaccount.com',
        scope: 'https://www.googleapis.com/auth/cloud-platform',
      });
    });

    it("sends Claude's requests to its own publisher, with the version in the body", async () => {
      upstream.answer(whole(claudeAnswer));
      expect(await claude('vertex-anthropic/claude-x')).toMatchObject({ content: [{ text: 'Hello.' }] });
      expect(reached().path).toBe('/v1/projects/p-1/locations/l-1/publishers/anthropic/models/claude-x:rawPredict');
      expect(JSON.parse(reached().body)).toEqual({ anthropic_version: 'vertex-2023-10-16', max_tokens: 9, messages });
      upstream.answer(whole('{"input_tokens":11}'));
      await sdk.anthropic.messages.countTokens({ model: 'vertex-anthropic/claude-x', messages });
      expect(reached().path).toMatch(/\/models\/count-tokens:rawPredict$/);
      expect(JSON.parse(reached().body)).toMatchObject({ model: 'claude-x' });
    });

    it.each([
      ['not-there.json', undefined, 'cannot be read (ENOENT)'],
      ['else.json', '{"type":"authorized_user","secret":"hidden"}', 'expected the JSON file of a service account'],
    ])('refuses to start with a file that is not a service account: %s', async (name, text, message) => {
      const credentialsFile = join(folder, name);
      if (text !== undefined) writeFileSync(credentialsFile, text);
      const started = startGateway({ config: { providers: { vertex: { baseUrl: 'http://127.0.0.1:1', credentialsFile } } } });
      const refusal = await started.then(
        () => '',
        (error: unknown) => String(error),
      );
      expect(refusal).toContain(`providers.vertex.credentialsFile: ${message}`);
      expect(refusal).not.toContain('hidden');
    });
  });

  describe('Amazon Bedrock', () => {
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

    /** Computes the signature step by step as AWS' documentation describes it. */
    function signatureOf({ method, path, headers, body }: ReturnType<typeof reached>): string {
      const [, names = ''] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
      const [, scope = ''] = /Credential=AKIDEXAMPLE\/([^,]+)/.exec(headers.authorization ?? '') ?? [];
      const [day = '', region = '', service = ''] = scope.split('/');
      const canonicalHeaders = names
        .split(';')
        .map((name) => `${name}:${String(headers[name]).trim()}\n`)
        .join('');
      // the path of a request is encoded a second time
      const canonicalPath = path
        .split('/')
        .map((part) => encodeURIComponent(part))
        .join('/');
      const canonical = [method, canonicalPath, '', canonicalHeaders, names, sha256(body)].join('\n');
      const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
      const key = ['aws4_request'].reduce(hmac, [region, service].reduce(hmac, hmac(`AWS4${SECRET}`, day)));
      return createHmac('sha256', key).update(toSign).digest('hex');
    }

    it('sends signed requests', async () => {
      upstream.answer(whole(converseAnswer));
      const { choices, usage } = await chat('bedrock/eu.anthropic.claude-x-v1:0');
      expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Hello.' } });
      expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2 });
      expect(reached().path).toBe('/model/eu.anthropic.claude-x-v1%3A0/converse');
      expect(reached().headers).toMatchObject({ 'x-amz-security-token': 'session', 'content-type': 'application/json' });
      expect(reached().headers.authorization).toContain(`Signature=${signatureOf(reached())}`);
      expect(reached().headers.authorization).toContain('/eu-west-1/bedrock/aws4_request');
      expect(JSON.parse(reached().body)).toEqual({ messages: [{ role: 'user', content: [{ text: 'x' }] }] });
    });

    it("decodes streams in Amazon's frames", async () => {
      const events = [
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hel' } } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'lo.' } } },
        { contentBlockStop: { contentBlockIndex: 0 } },
        { messageStop: { stopReason: 'end_turn' } },
        { metadata: { usage: { inputTokens: 7, outputTokens: 2, totalTokens: 9 } } },
      ];
      const frames = converseFrames(events.map((event) => JSON.stringify(event)));
      const stream = (bytes: Buffer) =>
        upstream.answer((response) => {
          response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
          // split in the middle of a frame
          response.write(bytes.subarray(0, 50));
          response.end(bytes.subarray(50));
        });
      stream(frames);
      const message = await sdk.anthropic.messages.stream({ model: 'bedrock/m', max_tokens: 9, messages }).finalMessage();
      expect(message).toMatchObject({ content: [{ text: 'Hello.' }], usage: { input_tokens: 7, output_tokens: 2 } });
      // without its end the stream is incomplete
      stream(frames.subarray(0, 300));
      const cut = sdk.anthropic.messages.stream({ model: 'bedrock/m', max_tokens: 9, messages });
      await expect(cut.finalMessage()).rejects.toThrow(/before the answer was complete/);
    });

    it("passes requests in Claude's own API through byte for byte, and removes the frames from a stream", async () => {
      upstream.answer(whole(claudeAnswer));
      expect(await claude('bedrock-anthropic/claude-x')).toMatchObject({ content: [{ text: 'Hello.' }] });
      expect(reached().path).toBe('/model/claude-x/invoke');
      expect(JSON.parse(reached().body)).toEqual({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages });
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).end(claudeFrames(claudeEvents));
      });
      const answer = await fetch(`${gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'bedrock-anthropic/claude-x', max_tokens: 9, messages, stream: true }),
      });
      const typeOf = (event: string) => (JSON.parse(event) as { type: string }).type;
      expect(await answer.text()).toBe(claudeEvents.map((event) => `event: ${typeOf(event)}\ndata: ${event}\n\n`).join(''));
      expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(reached().path).toBe('/model/claude-x/invoke-with-response-stream');
      // also for a caller of another dialect
      const runner = sdk.openai.chat.completions.stream({ model: 'bedrock-anthropic/claude-x', messages });
      expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe('Hello.');
    });

    it('passes on the reason of a refusal', async () => {
      upstream.answer(whole('{"message":"The maximum tokens you requested exceeds the model limit."}', 400));
      await expect(chat('bedrock/m')).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('exceeds the model limit'),
      });
    });
  });
});
