import type { ProfileRow } from './model-profile.ts';

/**
 * Bedrock's models other than Claude. Source: Amazon Bedrock's user guide, "Inference request parameters and response fields".
 */
export const BEDROCK: readonly ProfileRow[] = [
  {
    name: 'bedrock, not claude',
    dialects: ['bedrock-converse'],
    models: /(?:amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai|writer|google|moonshot|minimax|nvidia|zai)\./,
    profile: {
      reasoning: { form: 'none' },
      sampling: { topK: false },
      callIds: { characters: 'word', maxLength: 64 },
      schemas: { answers: 'sentence' },
    },
  },
];
