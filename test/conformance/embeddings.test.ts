import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { recordedFiles } from '../support/recordings.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { sdkClients } from '../support/sdk-callers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-embeddings';
const VECTORS = [
  [0.25, -0.5, 1],
  [0.125, 0, -1],
];

/** The response of each provider to two texts, and the expected path and body of the request. */
const PROVIDERS = {
  openai: {
    answer: {
      object: 'list',
      model: 'e-1',
      data: VECTORS.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens: 6, total_tokens: 6 },
    },
    path: '/v1/embeddings',
    body: { model: 'e', input: ['one', 'two'], dimensions: 3, encoding_format: 'float' },
  },
  gemini: {
    answer: { embeddings: VECTORS.map((values) => ({ values })) },
    path: '/v1/models/e:batchEmbedContents',
    body: {
      requests: ['one', 'two'].map((text) => ({
        model: 'models/e',
        content: { parts: [{ text }] },
        outputDimensionality: 3,
      })),
    },
  },
  cohere: {
    answer: { embeddings: { float: VECTORS }, meta: { billed_units: { input_tokens: 6 } } },
    path: '/v1/embed',
    body: { model: 'e', texts: ['one', 'two'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 3 },
  },
  voyage: {
    answer: {
      object: 'list',
      model: 'e-1',
      data: VECTORS.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { total_tokens: 6 },
    },
    path: '/v1/embeddings',
    body: { model: 'e', input: ['one', 'two'], output_dimension: 3 },
  },
} as const;

describe('embeddings', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let sdk: ReturnType<typeof sdkClients>;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const { baseUrl } = upstream;
    gateway = await startGateway({
      config: {
        providers: {
          openai: { baseUrl, apiKey: 'sk-openai' },
          gemini: { type: 'google', baseUrl, apiKey: 'sk-google' },
          cohere: { baseUrl, apiKey: 'sk-cohere' },
          voyage: { baseUrl, apiKey: 'sk-voyage' },
          claude: { type: 'anthropic', baseUrl, apiKey: 'sk-claude' },
        },
        keys: [{ name: 'embeddings', secret: KEY }],
      },
    });
    sdk = sdkClients(gateway.url, KEY);
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  const reached = () => upstream.requests.at(-1);
  const asked = (): unknown => JSON.parse(reached()?.body ?? '{}');

  describe.each(Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[])('embeddings of %s', (provider) => {
    const { answer, path, body } = PROVIDERS[provider];
    const model = `${provider}/e`;

    it("returns embeddings to OpenAI's SDK as numbers and in base64", async () => {
      upstream.answer(whole(JSON.stringify(answer)));
      const input = ['one', 'two'];
      // the SDK requests base64 unless the caller sets a format
      const encoded = provider === 'openai' ? ({ encoding_format: 'float' } as const) : {};
      const embeddings = await sdk.openai.embeddings.create({ model, input, dimensions: 3, ...encoded });
      expect(embeddings.data.map(({ embedding }) => embedding)).toEqual(VECTORS);
      expect(embeddings.data.map(({ index }) => index)).toEqual([0, 1]);
      if (provider !== 'gemini') expect(embeddings.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
      expect(reached()?.path).toBe(path);
      expect(asked()).toEqual(body);
      const floats = await sdk.openai.embeddings.create({ model, input: 'one', encoding_format: 'float' });
      expect(floats.data[0]?.embedding).toEqual(VECTORS[0]);
    });

    it("returns embeddings to Google's SDK", async () => {
      upstream.answer(whole(JSON.stringify(answer)));
      const { embeddings } = await sdk.google.models.embedContent({
        model,
        contents: ['one', 'two'],
        config: { outputDimensionality: 3 },
      });
      expect(embeddings?.map(({ values }) => values)).toEqual(VECTORS);
      expect(reached()?.path).toBe(path);
    });
  });

  it('translates the purpose of embeddings, or drops and reports it', async () => {
    upstream.answer(whole(JSON.stringify(PROVIDERS.cohere.answer)));
    await sdk.google.models.embedContent({ model: 'cohere/e', contents: 'one', config: { taskType: 'RETRIEVAL_QUERY' } });
    expect(asked()).toMatchObject({ input_type: 'search_query' });
    upstream.answer(whole(JSON.stringify(PROVIDERS.gemini.answer)));
    const hinted = { model: 'gemini/e', input: 'one', input_type: 'query' };
    await sdk.openai.embeddings.create(hinted);
    expect(asked()).toMatchObject({ requests: [{ taskType: 'RETRIEVAL_QUERY' }] });
    upstream.answer(whole(JSON.stringify(PROVIDERS.openai.answer)));
    const response = await fetch(`${gateway.url}/v1beta/models/openai/e:embedContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ content: { parts: [{ text: 'one' }] }, taskType: 'CLUSTERING', title: 'x' }),
    });
    expect(response.headers.get('x-sluice-dropped')).toBe('title,taskType');
    expect(await response.json()).toMatchObject({ embedding: { values: VECTORS[0] } });
  });

  it('refuses embeddings of an input that cannot be translated, and names the field', async () => {
    const before = upstream.requests.length;
    await expect(sdk.openai.embeddings.create({ model: 'cohere/e', input: [1, 2, 3] })).rejects.toMatchObject({
      status: 400,
      param: 'input',
    });
    await expect(sdk.openai.embeddings.create({ model: 'gemini/e', input: [] })).rejects.toMatchObject({ param: 'input' });
    await expect(sdk.openai.embeddings.create({ model: 'claude/e', input: 'x' })).rejects.toMatchObject({ status: 404 });
    expect(upstream.requests).toHaveLength(before);
  });

  it("returns a provider's refusal of embeddings in the caller's dialect", async () => {
    upstream.answer(whole('{"message":"too many texts"}', 400));
    await expect(sdk.openai.embeddings.create({ model: 'cohere/e', input: 'x' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('too many texts'),
    });
    upstream.answer(whole('{"detail":"unknown model"}', 400));
    await expect(sdk.google.models.embedContent({ model: 'voyage/e', contents: 'x' })).rejects.toThrow(/unknown model/);
  });

  const voyage = recordedFiles().find(({ name }) => name === 'voyage/voyage-embedding.json');
  (voyage === undefined ? it.skip : it)('of Voyage’s real answer come through', async () => {
    upstream.answer(whole(voyage?.text ?? ''));
    const { data, usage } = await sdk.openai.embeddings.create({
      model: 'voyage/e',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    const real = JSON.parse(voyage?.text ?? '{}') as { data: { embedding: number[] }[]; usage: { total_tokens: number } };
    expect(data.map(({ embedding }) => embedding)).toEqual(real.data.map(({ embedding }) => embedding));
    expect(usage.total_tokens).toBe(real.usage.total_tokens);
  });
});
