/** Families of models that can be strict. Their rules come from the documentation of their providers, and share no code with the gateway's profiles. */
export const FAMILIES = [
  'openai',
  'openai-reasoning',
  'claude-4.5',
  'claude-4.7',
  'gemini-2.5',
  'gemini-3',
  'mistral',
  'deepseek',
  'kimi',
  'qwen',
  'local',
  'grok',
  'glm',
  'minimax',
  'cohere',
  'perplexity',
  'llama',
] as const;

export type Family = (typeof FAMILIES)[number];
