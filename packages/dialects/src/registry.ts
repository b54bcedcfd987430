import type { DialectName } from '@sluice/core';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import type { Dialect } from './dialect.ts';
import { openAiChat } from './openai-chat/dialect.ts';

/** Every wire format there is. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': openAiChat,
  'anthropic-messages': anthropicMessages,
};
