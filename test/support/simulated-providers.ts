import type { ConfigFile } from '@sluice/config';

/**
 * Returns a provider per dialect, all of them the same simulator. A model `NAME/…` is called in the dialect of that provider.
 */
export function simulatedProviders(simulatorUrl: string): NonNullable<ConfigFile['providers']> {
  const baseUrl = `${simulatorUrl}/v1`;
  return {
    chat: { baseUrl, dialect: 'openai-chat', apiKey: 'sk-chat' },
    responses: { baseUrl, dialect: 'openai-responses', apiKey: 'sk-responses' },
    anthropic: { baseUrl, apiKey: 'sk-anthropic' },
    google: { baseUrl: `${simulatorUrl}/v1beta`, apiKey: 'sk-google' },
    bedrock: { baseUrl: simulatorUrl, region: 'eu-west-1', apiKey: 'sk-bedrock' },
    'bedrock-anthropic': { baseUrl: simulatorUrl, region: 'eu-west-1', apiKey: 'sk-bedrock' },
  };
}

export const SIMULATED_PROVIDERS = ['chat', 'responses', 'anthropic', 'google', 'bedrock', 'bedrock-anthropic'] as const;
