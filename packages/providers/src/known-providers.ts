import type { DialectName } from '@sluice/core';

/** A provider that needs nothing but a key: where it is, what it speaks, and the environment variable that has its key by custom. */
export interface KnownProvider {
  readonly dialect: DialectName;
  readonly baseUrl: string;
  readonly keyVariable: string;
  /** Models that are offered where the environment has a key and the configuration says nothing. */
  readonly models: readonly string[];
}

export const KNOWN_PROVIDERS: Readonly<Record<string, KnownProvider>> = {
  openai: {
    dialect: 'openai-chat',
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    models: ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', 'text-embedding-3-large'],
  },
  anthropic: {
    dialect: 'anthropic-messages',
    baseUrl: 'https://api.anthropic.com/v1',
    keyVariable: 'ANTHROPIC_API_KEY',
    models: ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'],
  },
};
