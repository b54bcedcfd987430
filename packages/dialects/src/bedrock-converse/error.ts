import type { LlmError } from '@sluice/core';

/** Bedrock's errors have their type in a header, and a message. */
export const renderError = (error: LlmError): string => JSON.stringify({ message: error.message });

export const renderStreamError = (error: LlmError): string =>
  `data: ${JSON.stringify({ modelStreamErrorException: { message: error.message } })}\n\n`;
