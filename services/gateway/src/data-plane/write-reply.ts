import type { ServerResponse } from 'node:http';
import { bufferOf, type LlmCall, type LlmError, type LlmReply } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';
import { errorOfWhole } from './early-stream.ts';
import type { ReplyForm } from './reply-form.ts';
import { errorHeaders, replyHeaders } from './response-headers.ts';
import type { ServedRequest } from './served-request.ts';

/** A body up to this size is copied, so that one write sends it together with the headers. */
const ONE_WRITE_BYTES = 16 * 1024;

/** Sends a reply. Bytes are forwarded unchanged. A stream that breaks ends with an error event and without `[DONE]`. */
export function writeReply(served: ServedRequest, call: LlmCall, reply: LlmReply, elapsedMs: number): void {
  const { response } = served;
  if (served.isStreaming) {
    if ('stream' in reply) served.stream.write(call, reply.stream, reply.contentType);
    else served.stream.fail(call, errorOfWhole(reply));
    return;
  }
  response.writeHead(reply.status, replyHeaders(call, reply, elapsedMs));
  if (!('stream' in reply)) {
    sendBody(response, reply.body);
    return;
  }
  response.flushHeaders();
  served.stream.write(call, reply.stream, reply.contentType);
}

function sendBody(response: ServerResponse, body: Uint8Array): void {
  if (body.length > ONE_WRITE_BYTES) {
    response.end(body);
    return;
  }
  // Node.js appends a text to the headers, and sends bytes as a second buffer; Latin-1 maps each byte to one character
  response.end(bufferOf(body).toString('latin1'), 'latin1');
}

/** Limits for discarding what a refused client still sends: time and bytes. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Sends an error in the dialect of the route, or in the format of its replies. The connection is closed if the request's body
 * was not read completely.
 */
export function writeError(response: ServerResponse, call: LlmCall, error: LlmError, elapsedMs: number, form?: ReplyForm): void {
  if (response.req.complete) {
    sendError(response, call, error, elapsedMs, form);
    return;
  }
  // Node.js calls the handler before it parses the body, even if both arrived in one segment: such a body is complete in the
  // next turn of the loop
  setImmediate(() => sendError(response, call, error, elapsedMs, form));
}

function sendError(response: ServerResponse, call: LlmCall, error: LlmError, elapsedMs: number, form?: ReplyForm): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = form === undefined ? DIALECTS[call.dialect].renderError(error) : form.error(error);
  const headers = errorHeaders(call, error, elapsedMs);
  headers.push('content-length', Buffer.byteLength(body));
  const unread = !response.req.complete;
  if (unread) headers.push('connection', 'close');
  response.writeHead(error.status, headers);
  if (!unread) {
    response.end(body);
    return;
  }
  response.write(body);
  linger(response);
}

/**
 * Closes the connection once the client has stopped sending. Closing it at once with unread bytes would reset it, and a reset
 * can discard the response in transit (RFC 9112, section 9.6).
 */
function linger(response: ServerResponse): void {
  const request = response.req;
  let remainingBytes = LINGER_BYTES;
  const close = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(close, LINGER_MS);
  request.on('data', (chunk: Buffer) => {
    remainingBytes -= chunk.length;
    if (remainingBytes < 0) close();
  });
  request.on('end', close);
  request.on('error', close);
  request.on('close', close);
  request.resume();
}
