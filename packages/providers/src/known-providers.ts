/** A provider that needs nothing but a key: where it is, and the environment variable that has its key by custom. */
export interface KnownProvider {
  readonly baseUrl: string;
  readonly keyVariable: string;
  /** Models that are offered where the environment has a key and the configuration says nothing. */
  readonly models: readonly string[];
}

/** Providers that speak OpenAI's dialect. */
export const KNOWN_PROVIDERS: Readonly<Record<string, KnownProvider>> = {
  openai: {
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    models: ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', 'text-embedding-3-large'],
  },
};
