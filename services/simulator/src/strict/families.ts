/**
 * Model families with strict rules. The rules come from their providers' documentation, and share no code with the gateway's
 * profiles.
 */
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
