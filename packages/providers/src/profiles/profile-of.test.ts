import { describe, expect, it } from '@jest/globals';
import { FAMILIES, profileOf } from './profile-of.ts';

/** Sample model names of each row. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'claude-3.5': ['claude-3-5-sonnet-20241022', 'anthropic.claude-3-haiku-20240307-v1:0', 'claude-2.1'],
  'claude-4': ['claude-3-7-sonnet-latest', 'claude-sonnet-4-20250514', 'claude-opus-4-0', 'claude-opus-4@20250514'],
  'claude-4.5': [
    'claude-sonnet-4-5',
    'claude-opus-4-1-20250805',
    'anthropic/claude-haiku-4.5',
    'us.anthropic.claude-opus-4-5-v1:0',
  ],
  'claude-4.6': ['claude-sonnet-4-6', 'claude-opus-4.6'],
  'claude-4.7 and later': ['claude-opus-4-7', 'claude-opus-4-10', 'claude-sonnet-5', 'claude-fable-5', 'claude-next'],
  'gemini-2.0': ['gemini-2.0-flash', 'gemini-1.5-pro', 'gemma-3-27b-it'],
  'gemini-2.5-pro': ['gemini-2.5-pro', 'google/gemini-2.5-pro'],
  'gemini-2.5-flash-lite': ['gemini-2.5-flash-lite'],
  'gemini-2.5-flash': ['gemini-2.5-flash', 'gemini-2.5-flash-image'],
  'gemini-3-pro': ['gemini-3-pro-preview'],
  'gemini-3-flash': ['gemini-3-flash-preview', 'gemini-3.7-flash', 'gemini-4-flash'],
  'gemini-3 and later': ['gemini-3.1-pro', 'gemini-next'],
  'gpt-oss': ['openai/gpt-oss-120b'],
  'gpt-4 and older': ['gpt-4o-mini', 'gpt-4.1', 'gpt-3.5-turbo', 'gpt-5-chat-latest', 'chatgpt-4o-latest'],
  'o-series': ['o3', 'o4-mini', 'openai/o1'],
  'gpt-5-pro': ['gpt-5-pro'],
  'gpt-5': ['gpt-5', 'gpt-5-mini', 'openai/gpt-5-nano', 'gpt-5-codex'],
  'gpt-5.1': ['gpt-5.1', 'gpt-5.1-codex'],
  'gpt-5.2 and later': ['gpt-5.2', 'gpt-5.4-mini', 'gpt-6'],
  'deepseek elsewhere': ['deepseek/deepseek-v3.2', 'DeepSeek-R1'],
  'kimi-k2': ['kimi-k2-turbo-preview', 'moonshot-v1-8k'],
  'kimi-k2.5 and later': ['kimi-k2.5', 'moonshotai/kimi-k2-thinking', 'kimi-k3'],
  qwen: ['qwen3.8', 'Qwen/Qwen3-32B', 'qwq-plus'],
  'grok without reasoning': ['grok-3', 'grok-2-1212', 'grok-4-1-fast-non-reasoning', 'grok-4.20-0309-non-reasoning'],
  'grok-3-mini': ['grok-3-mini-fast', 'x-ai/grok-3-mini'],
  'grok-4': [
    'grok-4',
    'grok-4-0709',
    'grok-4-fast-reasoning',
    'grok-4.20-reasoning',
    'grok-code-fast-1',
    'xai.grok-4-1-fast-reasoning',
  ],
  'grok-4.3': ['grok-4.3'],
  'grok-4.5 and later': ['grok-4.5', 'grok-4.7', 'grok-5', 'grok-latest'],
  'llama-3': ['llama-3.3-70b-versatile', 'meta-llama/Llama-3.1-8B-Instruct', 'llama3.1-8b'],
  mistral: ['mistral-large-latest', 'devstral-medium', 'mistralai/ministral-8b'],
};

describe('profileOf', () => {
  it.each(Object.entries(NAMES).flatMap(([row, names]) => names.map((name) => [name, row])))(
    'finds the model %s in the profile row %s',
    (name, row) => {
      const found = FAMILIES.find(({ providers, dialects, models }) => !providers && !dialects && models?.test(name));
      expect(found?.name).toBe(row);
    },
  );

  it('has sample names for each profile row that only the model name selects', () => {
    const rows = FAMILIES.filter(({ providers, dialects }) => !providers && !dialects).map(({ name }) => name);
    expect(new Set(Object.keys(NAMES))).toEqual(new Set(rows));
  });

  it('overrides one member of a profile by the configuration and keeps the others', () => {
    const model = { provider: 'anthropic', dialect: 'anthropic-messages', model: 'claude-opus-4-7' } as const;
    const { sampling, reasoning } = profileOf(model, { sampling: { accepts: 'both' } });
    expect(sampling).toEqual({ accepts: 'both', topK: false, penalties: true });
    expect(reasoning).toEqual(profileOf(model).reasoning);
  });
});
