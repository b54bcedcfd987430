import type { ProfileOverride, ProfileRow } from './model-profile.ts';

const budget = (minBudget: number, maxBudget: number): ProfileOverride['reasoning'] => ({ form: 'budget', minBudget, maxBudget });

/**
 * Gemini. Sources: Google's documentation, "Thinking" (levels for Gemini 3, budgets for 2.5; 2.5 Pro and Gemini 3 always
 * reason) and "Thought signatures" (Gemini 3 refuses a call without one).
 */
export const GEMINI: readonly ProfileRow[] = [
  {
    name: 'gemini-2.0',
    models: /gemini-(?:1|2\.0)|gemma/,
    profile: { reasoning: { form: 'none' }, unsignedCalls: 'accepted' },
  },
  {
    name: 'gemini-2.5-pro',
    models: /gemini-2\.5-pro/,
    profile: {
      reasoning: { ...budget(128, 32_768), efforts: ['minimal', 'low', 'medium', 'high', 'xhigh'] },
      unsignedCalls: 'accepted',
    },
  },
  {
    name: 'gemini-2.5-flash-lite',
    models: /gemini-2\.5-flash-lite/,
    profile: { reasoning: budget(512, 24_576), unsignedCalls: 'accepted' },
  },
  {
    name: 'gemini-2.5-flash',
    models: /gemini-2/,
    profile: { reasoning: budget(0, 24_576), unsignedCalls: 'accepted' },
  },
  { name: 'gemini-3-pro', models: /gemini-3-pro/, profile: { reasoning: { form: 'level', efforts: ['low', 'high'] } } },
  {
    name: 'gemini-3-flash',
    models: /gemini-\d+(?:\.\d+)?-flash/,
    profile: { reasoning: { form: 'level', efforts: ['minimal', 'low', 'medium', 'high'] } },
  },
  {
    name: 'gemini-3 and later',
    models: /gemini/,
    profile: { reasoning: { form: 'level', efforts: ['low', 'medium', 'high'] } },
  },
];
