import type { LlmReply } from '@sluice/core';
import type { Request } from 'express';

const HEADER = 'x-goog-upload-url';

/**
 * Replaces the provider's upload address (Gemini) by the gateway's own. The client would otherwise send the upload to the
 * provider, without a key.
 */
export function ownUploadUrl(request: Request, reply: LlmReply): LlmReply {
  const address = reply.headers[HEADER];
  if (address === undefined) return reply;
  const { [HEADER]: _provider, ...headers } = reply.headers;
  const { host } = request.headers;
  if (!URL.canParse(address) || host === undefined) return { ...reply, headers };
  const { search } = new URL(address);
  return { ...reply, headers: { ...headers, [HEADER]: `${request.protocol}://${host}/upload/v1beta/files${search}` } };
}
