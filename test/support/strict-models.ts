import type { ConfigFile } from '@sluice/config';
import type { Gateway } from '@sluice/gateway';
import { type Behaviour, type RunningSimulator, startSimulator } from '@sluice/simulator';
import { startGateway } from './start-gateway.ts';

/** A strict model of each family, by the name that callers use. */
export const STRICT_MODELS = {
  'openai/gpt-4o': 'openai',
  'openai/gpt-5': 'openai-reasoning',
  'openai/o3': 'openai-reasoning',
  'responses/gpt-5': 'openai-reasoning',
  'anthropic/claude-sonnet-4-5': 'claude-4.5',
  'anthropic/claude-opus-4-7': 'claude-4.7',
  'bedrock/anthropic.claude-haiku-4-5-20251001-v1:0': 'claude-4.5',
  'bedrock-anthropic/anthropic.claude-sonnet-4-5-20250929-v1:0': 'claude-4.5',
  'google/gemini-2.5-flash': 'gemini-2.5',
  'google/gemini-3-pro-preview': 'gemini-3',
  'compatible/gemini-3-flash-preview': 'gemini-3',
  'mistral/mistral-large-latest': 'mistral',
  'deepseek/deepseek-reasoner': 'deepseek',
  'moonshot/kimi-k2.5': 'kimi',
  'alibaba/qwen3.5-plus': 'qwen',
  'vllm/qwen3.8': 'local',
} as const satisfies Readonly<Record<string, Behaviour['strict']>>;

/** Models that run conversations but not the whole matrix. */
const FURTHER_MODELS = {
  'xai/grok-4': 'grok',
  'zai/glm-4.7': 'glm',
  'minimax/MiniMax-M2': 'minimax',
  'cohere/command-a-03-2025': 'cohere',
  'perplexity/sonar': 'perplexity',
  'vllm/llama-3.3-70b-instruct': 'llama',
} as const satisfies Readonly<Record<string, Behaviour['strict']>>;
const ALL_MODELS = { ...STRICT_MODELS, ...FURTHER_MODELS };

export type StrictModel = keyof typeof ALL_MODELS;
export const ALL_STRICT_NAMES = Object.keys(ALL_MODELS) as readonly StrictModel[];
export const STRICT_MODEL_NAMES = Object.keys(STRICT_MODELS) as readonly (keyof typeof STRICT_MODELS)[];

/** A gateway in front of a simulator. Its models refuse the same requests as the real ones. */
export interface StrictStage {
  readonly simulator: RunningSimulator;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export async function startStrictStage(key: string, behaviour: Partial<Behaviour> = {}): Promise<StrictStage> {
  const models = Object.fromEntries(
    Object.entries(ALL_MODELS).map(([name, strict]) => [
      name.slice(name.indexOf('/') + 1),
      { latencyMs: 0, strict, ...behaviour },
    ]),
  );
  const simulator = await startSimulator({ models });
  const gateway = await startGateway({
    config: { providers: strictProviders(simulator.url), keys: [{ name: 'strict', secret: key }] },
  });
  return {
    simulator,
    gateway,
    async close() {
      await gateway.close(0);
      await simulator.close();
    },
  };
}

function strictProviders(url: string): NonNullable<ConfigFile['providers']> {
  const baseUrl = `${url}/v1`;
  return {
    openai: { baseUrl, dialect: 'openai-chat', apiKey: 'up' },
    responses: { type: 'openai', baseUrl, dialect: 'openai-responses', apiKey: 'up' },
    anthropic: { baseUrl, apiKey: 'up' },
    bedrock: { baseUrl: url, region: 'us-east-1', apiKey: 'up' },
    'bedrock-anthropic': { baseUrl: url, region: 'us-east-1', apiKey: 'up' },
    google: { baseUrl: `${url}/v1beta`, apiKey: 'up' },
    compatible: { baseUrl, dialect: 'openai-chat', apiKey: 'up' },
    mistral: { baseUrl, apiKey: 'up' },
    deepseek: { baseUrl, apiKey: 'up' },
    moonshot: { baseUrl, apiKey: 'up' },
    alibaba: { baseUrl, apiKey: 'up' },
    vllm: { baseUrl },
    xai: { baseUrl, dialect: 'openai-chat', apiKey: 'up' },
    zai: { baseUrl, apiKey: 'up' },
    minimax: { baseUrl, apiKey: 'up' },
    cohere: { baseUrl, apiKey: 'up' },
    perplexity: { baseUrl, apiKey: 'up' },
  };
}
