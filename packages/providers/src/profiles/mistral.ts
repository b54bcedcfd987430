import type { ProfileOverride, ProfileRow } from './model-profile.ts';

const profile: ProfileOverride = {
  reasoning: { form: 'none' },
  callIds: { characters: 'alphanumeric', exactLength: 9 },
  roles: { system: 'first', userAfterTool: false, assistantLast: false },
};

/**
 * Mistral's models. Sources: «Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9»; «Unexpected role 'user' after role 'tool'» (code
 * 3230); «Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant»; Mistral's API reference, "Chat completion",
 * which has no `reasoning_effort` for most models.
 */
export const MISTRAL: readonly ProfileRow[] = [
  { name: 'mistral', models: /mistral|mixtral|magistral|ministral|codestral|devstral|pixtral|voxtral/, profile },
  // Mistral's names and aliases do not share a pattern
  { name: 'mistral', providers: ['mistral'], profile },
];
