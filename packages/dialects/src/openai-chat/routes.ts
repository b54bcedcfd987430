/** Operations of OpenAI's API with a body, and their paths below the version: `https://api.openai.com/v1` + path. */
export const OPENAI_PATHS = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
} as const;

export type OpenAiOperation = keyof typeof OPENAI_PATHS;

/** Returns a route as docs/api.md writes it. */
export const openAiRoute = (operation: OpenAiOperation): string => `POST /v1${OPENAI_PATHS[operation]}`;
