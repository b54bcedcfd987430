import { describe, expect, it } from '@jest/globals';
import { DIALECTS } from '@sluice/dialects';
import { openProvider, providersByKey } from '../open-provider.ts';
import { CATALOG } from './catalog.ts';

/** A value for every setting and key of the catalog. */
const ENVIRONMENT = Object.fromEntries(
  Object.values(CATALOG)
    .flatMap(({ settings = {}, keyVariables }) => [...Object.values(settings).flat(), ...keyVariables])
    .map((variable) => [variable, 'value-1']),
);

describe('CATALOG', () => {
  it('contains the well-known providers', () => {
    expect(Object.keys(CATALOG)).toEqual(
      expect.arrayContaining([
        ...['openai', 'azure', 'azure-deployments', 'anthropic', 'google', 'vertex', 'vertex-anthropic', 'bedrock'],
        ...['bedrock-anthropic', 'mistral', 'cohere', 'voyage', 'groq', 'deepseek', 'xai', 'together', 'fireworks'],
        ...['openrouter', 'perplexity', 'cerebras', 'moonshot', 'alibaba', 'nvidia', 'huggingface', 'github', 'ollama', 'vllm'],
        ...['lmstudio', 'llamacpp'],
      ]),
    );
  });

  it('contains only data', () => {
    expect(JSON.parse(JSON.stringify(CATALOG))).toEqual(CATALOG);
  });

  it.each(Object.keys(CATALOG))('opens the provider %s with its usual environment variables', async (name) => {
    const provider = openProvider(name, {}, ENVIRONMENT);
    await provider.close();
    const { baseUrl, dialects, embeddings, settings = {} } = CATALOG[name] as (typeof CATALOG)[string];
    expect(baseUrl).toMatch(/^https:|^http:\/\/127\.0\.0\.1:/);
    // every placeholder of the address is a setting
    expect([...(baseUrl as string).matchAll(/\{(\w+)\}/g)].map(([, setting]) => setting)).toEqual(
      expect.arrayContaining(Object.keys(settings)),
    );
    for (const dialect of dialects) expect(DIALECTS).toHaveProperty(dialect);
    expect(dialects.length > 0 || embeddings !== undefined).toBe(true);
  });

  it('makes a provider available by its key alone if the key has no other purpose', () => {
    expect(providersByKey({ GEMINI_API_KEY: 'x', HF_TOKEN: 'x', GITHUB_TOKEN: 'x', AWS_REGION: 'x' })).toEqual(['google']);
    expect(providersByKey({})).toEqual([]);
  });

  it.each([
    ['azure', {}, 'providers.azure.resource: expected, or AZURE_OPENAI_RESOURCE or AZURE_RESOURCE_NAME in the environment'],
    ['bedrock', {}, 'providers.bedrock.region: expected, or AWS_REGION or AWS_DEFAULT_REGION in the environment'],
    ['mine', {}, 'providers.mine.baseUrl: expected, because no provider is known by this name'],
    ['mine', { type: 'nobody' }, 'providers.mine.type: expected one of openai, azure,'],
  ])('refuses the provider %s with the settings %j by naming the missing field', (name, settings, message) => {
    expect(() => openProvider(name, settings, {})).toThrow(message);
  });
});
