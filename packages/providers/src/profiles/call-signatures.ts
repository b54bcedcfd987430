import type { ProfileRow } from './model-profile.ts';

/** Models that are certainly not Google's. */
const OTHERS =
  /claude|gpt|(?:^|\/)o\d|mistral|mixtral|magistral|ministral|codestral|devstral|deepseek|kimi|qwen|qwq|llama|grok|glm|minimax|command-/i;
const PROVIDERS = [
  'openai',
  'azure',
  'azure-deployments',
  'github',
  'mistral',
  'deepseek',
  'moonshot',
  'alibaba',
  'xai',
  'groq',
  'cohere',
  'perplexity',
];

/**
 * The location of call signatures of Google's models behind chat completions. Sources: Google's documentation, "Thought
 * signatures", OpenAI compatibility (`extra_content`); OpenRouter's documentation, "Preserving reasoning blocks": «Gemini
 * models require OpenRouter reasoning details to be preserved in each request». A server of another name may have such a model
 * under an alias, so it receives the available signatures.
 */
export const CALL_SIGNATURES: readonly ProfileRow[] = [
  {
    name: 'gemini-3 at openrouter',
    providers: ['openrouter'],
    models: /gemini-(?![12]\b)/,
    profile: { callSignatures: 'reasoning_details', unsignedCalls: 'skip_marker' },
  },
  { name: 'gemini at openrouter', providers: ['openrouter'], models: /gemini/, profile: { callSignatures: 'reasoning_details' } },
  { name: 'gemini-2 in chat completions', dialects: ['openai-chat'], models: /gemini-[12]\b|gemma/, profile: {} },
  {
    name: 'gemini-3 in chat completions',
    dialects: ['openai-chat'],
    models: /gemini/,
    profile: { unsignedCalls: 'skip_marker' },
  },
  { name: 'models of others', dialects: ['openai-chat'], models: OTHERS, profile: { callSignatures: 'refused' } },
  { name: 'providers of others', dialects: ['openai-chat'], providers: PROVIDERS, profile: { callSignatures: 'refused' } },
];
