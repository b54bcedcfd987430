import type { DialectName } from '@sluice/core';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import { bedrockConverse } from './bedrock-converse/dialect.ts';
import type { Dialect } from './dialect.ts';
import { gemini } from './gemini/dialect.ts';
import { openAiChat } from './openai-chat/dialect.ts';
import { openAiResponses } from './openai-responses/dialect.ts';

/** All wire formats. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': openAiChat,
  'openai-responses': openAiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
  'bedrock-converse': bedrockConverse,
};
