import type { CatalogEntry } from './catalog-entry.ts';

const key = { kind: 'key' } as const;

/** Returns the entry of a provider of OpenAI's dialect that differs only by its key and address. */
const compatible = (baseUrl: string, keyVariable: string, more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  dialects: ['openai-chat'],
  embeddings: 'openai',
  baseUrl,
  authentication: key,
  keyVariables: [keyVariable],
  byKeyAlone: true,
  ...more,
});

/** A self-hosted server: only the configuration makes it available. */
const local = (baseUrl: string, more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  dialects: ['openai-chat'],
  embeddings: 'openai',
  baseUrl,
  authentication: key,
  keyVariables: [],
  byKeyAlone: false,
  quirks: { rename: { max_completion_tokens: 'max_tokens' }, systemForDeveloper: true },
  ...more,
});

/** Servers that accept only `max_tokens`, and no developer messages. */
const older = { rename: { max_completion_tokens: 'max_tokens' }, systemForDeveloper: true } as const;
/** Members of messages with reasoning. OpenAI refuses unknown members. */
const THOUGHTS = ['reasoning_content', 'reasoning_details'] as const;
/** Fields of chat completions that only OpenAI has. */
const OPENAI_ALONE = [
  ...['metadata', 'moderation', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
  ...['safety_identifier', 'store', 'verbosity'],
] as const;
const aws = { region: ['AWS_REGION', 'AWS_DEFAULT_REGION'] } as const;
const googleCloud = {
  project: ['GOOGLE_CLOUD_PROJECT', 'GOOGLE_VERTEX_PROJECT'],
  location: ['GOOGLE_CLOUD_LOCATION', 'GOOGLE_VERTEX_LOCATION'],
} as const;
const azure = { resource: ['AZURE_OPENAI_RESOURCE', 'AZURE_RESOURCE_NAME'] } as const;

/**
 * Every known provider. Its differences from its dialect are data here.
 *
 * Sources: each provider's API reference.
 */
export const CATALOG: Readonly<Record<string, CatalogEntry>> = {
  openai: compatible('https://api.openai.com/v1', 'OPENAI_API_KEY', {
    prices: 'openai',
    dialects: ['openai-chat', 'openai-responses'],
    quirks: { dropFromMessages: THOUGHTS },
    routes: ['moderations', 'images', 'audio', 'files', 'batches', 'realtime'],
    models: ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', 'text-embedding-3-large'],
  }),
  azure: {
    prices: 'azure',
    dialects: ['openai-chat', 'openai-responses'],
    embeddings: 'openai',
    baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
    settings: azure,
    authentication: { kind: 'header', name: 'api-key' },
    keyVariables: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
    byKeyAlone: false,
    quirks: { dropFromMessages: THOUGHTS },
    routes: ['images', 'audio', 'files', 'batches', 'realtime'],
  },
  'azure-deployments': {
    prices: 'azure',
    dialects: ['openai-chat'],
    embeddings: 'openai',
    baseUrl: 'https://{resource}.openai.azure.com/openai',
    settings: azure,
    authentication: { kind: 'header', name: 'api-key' },
    keyVariables: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
    byKeyAlone: false,
    endpoint: 'azure-deployments',
    quirks: { dropFromMessages: THOUGHTS },
    routes: ['realtime'],
  },
  anthropic: {
    prices: 'anthropic',
    dialects: ['anthropic-messages'],
    baseUrl: 'https://api.anthropic.com/v1',
    authentication: key,
    keyVariables: ['ANTHROPIC_API_KEY'],
    byKeyAlone: true,
    routes: ['files', 'batches'],
    models: ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'],
  },
  google: {
    prices: 'google',
    dialects: ['gemini'],
    embeddings: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    authentication: key,
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    byKeyAlone: true,
    routes: ['files', 'batches', 'cached_contents', 'realtime'],
    models: ['gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-embedding-001'],
  },
  vertex: {
    prices: 'google',
    dialects: ['gemini'],
    embeddings: 'gemini',
    baseUrl: 'https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google',
    settings: googleCloud,
    authentication: { kind: 'google' },
    keyVariables: [],
    byKeyAlone: false,
    routes: ['realtime'],
  },
  'vertex-anthropic': {
    prices: 'google',
    dialects: ['anthropic-messages'],
    baseUrl: 'https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/anthropic',
    settings: googleCloud,
    authentication: { kind: 'google' },
    keyVariables: [],
    byKeyAlone: false,
    endpoint: 'vertex-claude',
  },
  bedrock: {
    prices: 'aws',
    dialects: ['bedrock-converse'],
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    settings: aws,
    authentication: { kind: 'aws', service: 'bedrock' },
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    byKeyAlone: false,
    endpoint: 'bedrock',
  },
  'bedrock-anthropic': {
    prices: 'aws',
    dialects: ['anthropic-messages'],
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    settings: aws,
    authentication: { kind: 'aws', service: 'bedrock' },
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    byKeyAlone: false,
    endpoint: 'bedrock-claude',
  },
  mistral: compatible('https://api.mistral.ai/v1', 'MISTRAL_API_KEY', {
    prices: 'mistral',
    quirks: {
      ...older,
      rename: { ...older.rename, seed: 'random_seed' },
      drop: ['user', 'service_tier', 'logprobs', 'top_logprobs', 'stream_options', ...OPENAI_ALONE],
      dropFromMessages: THOUGHTS,
      plainMessages: true,
      reportsStreamUsage: true,
    },
    routes: ['moderations', 'audio', 'files'],
    models: ['mistral-large-latest', 'mistral-small-latest', 'mistral-embed'],
  }),
  cohere: compatible('https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY', {
    prices: 'cohere',
    embeddings: 'cohere',
    embeddingsUrl: 'https://api.cohere.com/v2',
    quirks: { ...older, drop: ['user', 'service_tier', 'parallel_tool_calls', 'logprobs', 'top_logprobs'] },
    routes: ['rerank'],
    models: ['command-a-03-2025', 'embed-v4.0'],
  }),
  voyage: compatible('https://api.voyageai.com/v1', 'VOYAGE_API_KEY', {
    prices: 'voyageai',
    dialects: [],
    embeddings: 'voyage',
    routes: ['rerank'],
    models: ['voyage-3.5', 'voyage-3.5-lite'],
  }),
  groq: compatible('https://api.groq.com/openai/v1', 'GROQ_API_KEY', {
    prices: 'groq',
    dialects: ['openai-chat', 'openai-responses'],
    quirks: { drop: ['logprobs', 'top_logprobs', 'store'], dropFromMessages: THOUGHTS, plainMessages: true },
    routes: ['audio', 'files', 'batches'],
    models: ['llama-3.3-70b-versatile', 'openai/gpt-oss-120b'],
  }),
  deepseek: compatible('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY', {
    prices: 'deepseek',
    quirks: { ...older, drop: ['user', 'service_tier', 'seed', 'parallel_tool_calls'], dropFromMessages: ['reasoning_details'] },
    models: ['deepseek-chat', 'deepseek-reasoner'],
  }),
  xai: compatible('https://api.x.ai/v1', 'XAI_API_KEY', {
    prices: 'x-ai',
    dialects: ['openai-chat', 'openai-responses'],
    routes: ['images'],
    models: ['grok-4', 'grok-3-mini'],
  }),
  together: compatible('https://api.together.xyz/v1', 'TOGETHER_API_KEY', {
    prices: 'together',
    quirks: older,
    routes: ['images', 'audio', 'rerank'],
  }),
  fireworks: compatible('https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY', {
    prices: 'fireworks',
    dialects: ['openai-chat', 'openai-responses'],
    quirks: older,
    routes: ['rerank'],
  }),
  openrouter: compatible('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY', {
    prices: 'openrouter',
    dialects: ['openai-chat', 'openai-responses'],
    quirks: older,
  }),
  perplexity: compatible('https://api.perplexity.ai', 'PERPLEXITY_API_KEY', {
    prices: 'perplexity',
    quirks: {
      ...older,
      drop: ['user', 'service_tier', 'seed', 'stream_options'],
      dropFromMessages: THOUGHTS,
      reportsStreamUsage: true,
    },
    models: ['sonar', 'sonar-pro'],
  }),
  cerebras: compatible('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY', {
    prices: 'cerebras',
    quirks: {
      drop: ['presence_penalty', 'frequency_penalty', 'store'],
      dropFromMessages: ['reasoning_details'],
      plainMessages: true,
    },
    models: ['llama3.1-8b', 'gpt-oss-120b'],
  }),
  moonshot: compatible('https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY', {
    prices: 'moonshotai',
    quirks: { ...older, dropFromMessages: ['reasoning_details'] },
    routes: ['files'],
    models: ['kimi-k2-turbo-preview'],
  }),
  alibaba: compatible('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY', {
    quirks: { ...older, dropFromMessages: ['reasoning_details'] },
    routes: ['files', 'batches'],
    models: ['qwen-plus', 'qwen-max'],
  }),
  zai: compatible('https://api.z.ai/api/paas/v4', 'ZAI_API_KEY', {
    quirks: {
      ...older,
      drop: ['user', 'service_tier', 'seed', 'parallel_tool_calls', 'logprobs', 'top_logprobs', 'n', 'stream_options'],
      dropFromMessages: ['reasoning_details'],
      reportsStreamUsage: true,
    },
    models: ['glm-4.7', 'glm-5'],
  }),
  minimax: compatible('https://api.minimax.io/v1', 'MINIMAX_API_KEY', {
    quirks: { drop: ['presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs'], systemForDeveloper: true },
    models: ['MiniMax-M2', 'MiniMax-M2.7'],
  }),
  nvidia: compatible('https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY', { quirks: older }),
  // the tokens of these two often have another purpose
  huggingface: compatible('https://router.huggingface.co/v1', 'HF_TOKEN', { byKeyAlone: false, quirks: older }),
  github: compatible('https://models.github.ai/inference', 'GITHUB_TOKEN', {
    byKeyAlone: false,
    quirks: { dropFromMessages: THOUGHTS },
  }),
  ollama: local('http://127.0.0.1:11434/v1'),
  vllm: local('http://127.0.0.1:8000/v1', { routes: ['rerank', 'audio'] }),
  lmstudio: local('http://127.0.0.1:1234/v1', { dialects: ['openai-chat', 'openai-responses'] }),
  llamacpp: local('http://127.0.0.1:8080/v1', { routes: ['rerank'] }),
};
