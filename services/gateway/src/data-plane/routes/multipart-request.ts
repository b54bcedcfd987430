import type { IncomingMessage } from 'node:http';
import { errorTexts, LlmError, type PassthroughRequest, type RequestMessage } from '@sluice/core';
import { isModelName } from '@sluice/dialects';
import { findModel, type ModelPart, SecondModelWatch } from './multipart.ts';
import { PeekedBody } from './peeked-body.ts';

/** Bytes of a body in which the part `model` is searched. Small uploads fit completely, so a file may precede the part. */
const PEEK_BYTES = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Reads the model of a multipart body from its first bytes. The rest is streamed.
 *
 * @param deployment the model in the path, which takes precedence (Azure)
 * @throws LlmError `invalid_request`, `client_closed`
 */
export async function multipartRequest(
  request: IncomingMessage,
  unread: PassthroughRequest,
  boundary: string,
  deployment: string | undefined,
  timeoutMs: number,
): Promise<RequestMessage> {
  let found: ModelPart | 'more' | undefined = 'more';
  const body = await PeekedBody.read(
    request,
    (bytes) => {
      found = findModel(bytes, boundary);
      return found === 'more';
    },
    PEEK_BYTES,
    timeoutMs,
  );
  found = findModel(body.first, boundary);
  const part = found === 'more' ? undefined : found;
  const model = deployment ?? part?.model ?? '';
  if (model !== '' && !isModelName(model)) {
    throw new LlmError('invalid_request', errorTexts.modelNotName, { param: 'model' });
  }
  const renamed = (name: string): Sent => {
    const { first, rest } = named(body.first, part, name, boundary);
    const added = first.reduce((sum, bytes) => sum + bytes.length, rest.length - body.first.length);
    const { contentLength } = unread;
    const watch = new SecondModelWatch(boundary, NOTHING);
    return {
      body: body.whole([...first, watch.pass(rest)], watch),
      contentLength: contentLength === undefined ? undefined : contentLength + added,
    };
  };
  const asItCame = (): Sent => (part === undefined ? { body: body.whole([body.first]) } : renamed(part.model));
  const unnamed = messageOf('', { ...unread, body: request, forModel: asItCame });
  if (model === '') return unnamed;
  // a deployment must be configured: no provider is tried without the model name
  const fallback = deployment === undefined ? { unnamed } : {};
  return messageOf(model, { ...unread, body: request, forModel: renamed, ...fallback });
}

type Sent = ReturnType<NonNullable<PassthroughRequest['forModel']>>;

function messageOf(model: string, unread: PassthroughRequest): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  return { bytes: NOTHING, unread, view: () => view, json: () => ({}), forUpstream: () => NOTHING };
}

/** Returns the first bytes with the provider's model name, up to the end of the model part, and the bytes after it. */
function named(bytes: Buffer, part: ModelPart | undefined, name: string, boundary: string): { first: Buffer[]; rest: Buffer } {
  if (part === undefined) {
    const added = `--${boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n${name}\r\n`;
    return { first: [Buffer.from(added)], rest: bytes };
  }
  return { first: [bytes.subarray(0, part.start), Buffer.from(name)], rest: bytes.subarray(part.end) };
}
