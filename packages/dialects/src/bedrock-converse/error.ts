import type { LlmError } from '@sluice/core';

/** Renders an error as Bedrock does: the body contains only a message, because the type is in a header. */
export const renderError = (error: LlmError): string => JSON.stringify({ message: error.message });

export const renderStreamError = (error: LlmError): string =>
  `data: ${JSON.stringify({ modelStreamErrorException: { message: error.message } })}\n\n`;
