import type { DialectName } from '@sluice/core';
import { cohereEmbeddings } from './cohere.ts';
import type { EmbeddingsDialect } from './embeddings.ts';
import { geminiEmbeddings } from './gemini.ts';
import { openAiEmbeddings } from './openai.ts';
import { voyageEmbeddings } from './voyage.ts';

/** All wire formats for embeddings. */
export const EMBEDDINGS = {
  openai: openAiEmbeddings,
  gemini: geminiEmbeddings,
  cohere: cohereEmbeddings,
  voyage: voyageEmbeddings,
} as const satisfies Readonly<Record<string, EmbeddingsDialect>>;

export type EmbeddingsDialectName = keyof typeof EMBEDDINGS;

/**
 * Returns the embeddings format of clients of a dialect, and of providers without a configured one; undefined if the dialect
 * has no embeddings.
 */
export function embeddingsBeside(dialect: DialectName): EmbeddingsDialectName | undefined {
  switch (dialect) {
    case 'openai-chat':
    case 'openai-responses':
      return 'openai';
    case 'gemini':
      return 'gemini';
    default:
      return undefined;
  }
}
