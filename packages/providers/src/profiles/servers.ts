import type { ProfileRow } from './model-profile.ts';

/** The common properties of all models of a server. */
export const SERVERS: readonly ProfileRow[] = [
  // OpenAI's documentation, "Function calling", custom tools: from GPT-5 on
  {
    name: 'gpt-5 at servers of OpenAI’s own',
    providers: ['openai', 'azure', 'azure-deployments'],
    models: /(?:^|\/)gpt-(?:[5-9]|\d\d)(?!.*chat)/,
    profile: { callIds: { maxLength: 40 }, roles: { system: 'anywhere' }, tools: { custom: true } },
  },
  {
    name: 'servers of OpenAI’s own',
    providers: ['openai', 'azure', 'azure-deployments', 'github'],
    profile: { callIds: { maxLength: 40 }, roles: { system: 'anywhere' } },
  },
  // templates of open models fail for adjacent messages with one role and for a system message in the middle
  { name: 'local servers', providers: ['vllm', 'ollama', 'lmstudio', 'llamacpp'], profile: { roles: { alternate: true } } },
  // Perplexity's API reference: «After the (optional) system message(s), user and assistant roles should be alternating» and
  // Perplexity's API has no tools
  {
    name: 'perplexity',
    providers: ['perplexity'],
    profile: { roles: { alternate: true }, reasoning: { form: 'none' }, tools: { accepted: false } },
  },
  // OpenRouter's documentation, "Prompt caching": marks of Anthropic's form; `user` has at most 128 characters
  {
    name: 'openrouter',
    providers: ['openrouter'],
    profile: {
      reasoning: { efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] },
      ...{ cacheMarks: true, roles: { system: 'anywhere' }, user: { maxLength: 128 } },
    },
  },
  { name: 'mistral', providers: ['mistral'], profile: { streamOptions: false } },
];
