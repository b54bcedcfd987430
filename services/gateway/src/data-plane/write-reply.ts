import type { ServerResponse } from 'node:http';
import { type LlmCall, LlmError, type LlmReply } from '@sluice/core';
import { renderError, renderStreamError } from '@sluice/dialects';
import { errorHeaders, replyHeaders } from './response-headers.ts';

/** Sends a reply. Bytes go out as they came; a stream that breaks ends with an error event and without `[DONE]`. */
export function writeReply(response: ServerResponse, call: LlmCall, reply: LlmReply, elapsedMs: number): void {
  const headers = replyHeaders(call, reply, elapsedMs);
  if (!('stream' in reply)) {
    response.writeHead(reply.status, headers);
    response.end(reply.body);
    return;
  }
  const { stream } = reply;
  response.writeHead(reply.status, headers);
  response.flushHeaders();
  response.on('drain', () => stream.resume());
  response.on('close', () => stream.cancel());
  stream.consume({
    chunk: (bytes) => response.write(bytes),
    end: ({ end, error }) => {
      if (end === 'failed' || error !== undefined) {
        const reason = error ?? new LlmError('upstream_truncated', 'The provider broke off.');
        response.write(renderStreamError(reason, call.id));
      }
      response.end();
    },
  });
}

/** Sends an error in the dialect of the route. A request whose body was not read to its end takes its connection with it. */
export function writeError(response: ServerResponse, call: LlmCall, error: LlmError, elapsedMs: number): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = renderError(error);
  const headers = errorHeaders(call, error, elapsedMs);
  headers['content-length'] = Buffer.byteLength(body);
  if (!response.req.complete) headers['connection'] = 'close';
  response.writeHead(error.status, headers);
  response.end(body);
}
