import type { ProfileRow } from './model-profile.ts';

/**
 * Models of families with few rules of their own.
 *
 * - GLM at Z.ai. Sources: Z.ai's documentation, "Thinking mode" (`thinking: {type}`), and its API reference, "Chat completion": `tool_choice` is `auto`
 *   alone, no schemas of answers, temperature up to 1, one stop sequence.
 * - MiniMax. Source: MiniMax's documentation, "OpenAI API compatible": temperature is within (0, 1], reasoning is in the content between `<think>` tags
 *   unless `reasoning_split` is true, and cannot be switched off.
 * - Cohere. Source: Cohere's documentation, "Using Cohere models via the OpenAI SDK": `reasoning_effort` is `none` or `high`, for models that reason;
 *   temperature up to 1 and five stop sequences ("Chat", API reference).
 * - Llama 3. Source: the chat template of Llama 3.1 («This model only supports single tool-calls at once!»), which vLLM and others apply.
 */
export const OTHERS: readonly ProfileRow[] = [
  {
    name: 'glm at z.ai',
    providers: ['zai'],
    profile: {
      reasoning: { form: 'thinking' },
      sampling: { maxTemperature: 1, topK: false, penalties: false },
      schemas: { answers: 'json' },
      stop: { max: 1 },
      tools: { forced: false },
    },
  },
  {
    name: 'minimax at minimax',
    providers: ['minimax'],
    profile: { reasoning: { form: 'split' }, sampling: { maxTemperature: 1 }, schemas: { answers: 'sentence' } },
  },
  {
    name: 'cohere that reasons',
    providers: ['cohere'],
    models: /reasoning/,
    profile: { reasoning: { form: 'effort', efforts: ['none', 'high'] }, sampling: { maxTemperature: 1 }, stop: { max: 5 } },
  },
  {
    name: 'cohere',
    providers: ['cohere'],
    profile: { reasoning: { form: 'none' }, sampling: { maxTemperature: 1 }, stop: { max: 5 } },
  },
  { name: 'llama-3', models: /llama-?3/i, profile: { reasoning: { form: 'none' }, tools: { single: true } } },
];
