import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorTexts, LlmError } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';

/** Statuses of the parser errors of Node.js that need a specific status. Every other error is a plain 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers a malformed HTTP request with an error in the usual shape. The message repeats no part of the request, which may
 * contain anything.
 */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // like Node's own handler: an error must not be mixed into a response that has begun on this connection
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } };
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent === true) {
    socket.destroy();
    return;
  }
  const status = STATUS[error.code ?? ''] ?? 400;
  const message = status === 400 ? errorTexts.malformedHttp : `${STATUS_CODES[status]}.`;
  const body = DIALECTS['openai-chat'].renderError(new LlmError('invalid_request', message));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncache-control: private, no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
