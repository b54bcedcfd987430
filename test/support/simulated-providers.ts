import type { ConfigFile } from '@sluice/config';

/** A provider of each dialect, all of them one simulator; a model `NAME/…` is asked of it in its dialect. */
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
