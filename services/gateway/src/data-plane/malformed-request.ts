import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LlmError } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';

/** What Node's parser says of a request that it gave up, with the status that fits. Everything else is a plain 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is no HTTP, in the shape of every other error. Nothing of it is repeated, for it can be anything. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Node's own handler looks here too: where an answer has begun on this connection, another must not be mixed into it
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } };
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent === true) {
    socket.destroy();
    return;
  }
  const status = STATUS[error.code ?? ''] ?? 400;
  const message = status === 400 ? 'The request is not valid HTTP.' : `${STATUS_CODES[status]}.`;
  const body = DIALECTS['openai-chat'].renderError(new LlmError('invalid_request', message));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncache-control: private, no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
