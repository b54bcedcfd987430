import type { IncomingMessage } from 'node:http';
import { LlmError } from '@sluice/core';

export interface BodyLimits {
  /** In bytes. */
  readonly body: number;
  /** In milliseconds. */
  readonly bodyTimeout: number;
}

/**
 * The bytes of a request's body.
 *
 * @param goOn tells a client that waits with its body (`Expect: 100-continue`) to send it
 * @throws LlmError `request_too_large` as soon as it is known, from the declared length or while the body comes;
 *   `invalid_request` for a body that is compressed, comes too slowly or breaks off
 */
export function readBody(request: IncomingMessage, limits: BodyLimits, goOn: () => void): Promise<Buffer> {
  const { headers } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new LlmError('invalid_request', 'The body is compressed; send it plainly.'));
  }
  const declared = headers['content-length'];
  if (declared !== undefined && Number(declared) > limits.body) return Promise.reject(tooLarge(limits));
  if (headers.expect !== undefined) goOn();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', onBroken);
      request.off('close', onBroken);
    };
    const fail = (error: LlmError): void => {
      stop();
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limits.body) {
        fail(tooLarge(limits));
        return;
      }
      chunks.push(chunk);
      // most bodies come in one piece, and need no timer
      timer ??= setTimeout(() => fail(new LlmError('invalid_request', 'The body came too slowly.')), limits.bodyTimeout);
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const onBroken = (): void => fail(new LlmError('client_closed', 'The client closed the connection.'));
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', onBroken);
    request.on('close', onBroken);
  });
}

function tooLarge(limits: BodyLimits): LlmError {
  return new LlmError('request_too_large', `The body is longer than ${limits.body} bytes.`);
}
