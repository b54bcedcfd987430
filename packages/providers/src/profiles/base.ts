import type { DialectName } from '@sluice/core';
import type { ModelProfile, ProfileOverride } from './model-profile.ts';

/** The profile of an unknown model. */
export const BASE: ModelProfile = {
  reasoning: {
    form: 'dialect',
    efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'],
    withForcedTool: true,
    wholeAnswers: true,
    returned: 'optional',
  },
  sampling: { accepts: 'both', topK: true, penalties: true },
  callIds: { characters: 'any' },
  toolNames: { characters: 'word', maxLength: 64 },
  unsignedCalls: 'accepted',
  callSignatures: 'extra_content',
  images: {},
  schemas: { topLevelUnions: true, unsupported: [], closed: false, answers: 'schema' },
  roles: { system: 'anywhere', alternate: false, userFirst: false, userAfterTool: true, assistantLast: true },
  stop: { accepts: 'all' },
  user: { maxLength: 64, emails: true },
  tools: { declaredForHistory: false, choiceOfNone: true, accepted: true, forced: true, single: false, custom: false },
  streamOptions: true,
  cacheMarks: false,
};

/** Media types of images. Sources: Anthropic's documentation, "Vision"; Amazon Bedrock's API reference, "ImageBlock". */
const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

/** The common properties of all models behind a dialect. */
export const BY_DIALECT: Readonly<Record<DialectName, ProfileOverride>> = {
  // servers of open models accept no other efforts, and refuse a request with one
  'openai-chat': { reasoning: { form: 'effort', efforts: ['none', 'low', 'medium', 'high'] }, roles: { system: 'first' } },
  'openai-responses': { callIds: { maxLength: 64 }, stop: { accepts: 'none' } },
  'anthropic-messages': {
    reasoning: { withForcedTool: false },
    callIds: { characters: 'word' },
    toolNames: { maxLength: 128 },
    images: { types: IMAGES },
    schemas: { topLevelUnions: false },
    roles: { userFirst: true },
    stop: { accepts: 'visible' },
    user: { maxLength: 256, emails: false },
    cacheMarks: true,
  },
  gemini: { unsignedCalls: 'skip_marker', roles: { userFirst: true }, stop: { max: 5 } },
  'bedrock-converse': {
    reasoning: { withForcedTool: false },
    callIds: { characters: 'word', maxLength: 64 },
    images: { types: IMAGES },
    schemas: { topLevelUnions: false },
    roles: { userFirst: true },
    stop: { accepts: 'visible' },
    tools: { declaredForHistory: true, choiceOfNone: false },
    cacheMarks: true,
  },
};
