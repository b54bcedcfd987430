import type { IncomingMessage } from 'node:http';
import { errorTexts, LlmError } from '@sluice/core';
import type { UnfinishedBodies } from './unfinished-bodies.ts';

export interface BodyLimits {
  /** Maximum size in bytes. */
  readonly body: number;
  /** Timeout in milliseconds, from when the body is first read. */
  readonly bodyTimeout: number;
}

/**
 * Returns the bytes of a request's body.
 *
 * @param goOn asks a client that waits with its body (`Expect: 100-continue`) to send it
 * @throws LlmError `request_too_large` from the declared length, or as soon as the received bytes exceed the limit;
 * `overloaded` if all unfinished bodies together take too much memory; `invalid_request` for a body that is compressed or
 * incomplete at the timeout; `client_closed` for a body that breaks off
 */
export function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  unfinished: UnfinishedBodies,
  goOn: () => void,
): Promise<Buffer> {
  const { headers } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new LlmError('invalid_request', errorTexts.bodyCompressed));
  }
  const declared = headers['content-length'];
  if (declared !== undefined && Number(declared) > limits.body) return Promise.reject(tooLarge(limits));
  if (request.destroyed && !request.complete) return Promise.reject(clientClosed());
  if (headers.expect !== undefined) goOn();
  return collect(request, declared === undefined ? Number.POSITIVE_INFINITY : Number(declared), limits, unfinished);
}

function collect(
  request: IncomingMessage,
  declaredBytes: number,
  limits: BodyLimits,
  unfinished: UnfinishedBodies,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let taken = 0;
    const stop = (): void => {
      clearTimeout(timer);
      unfinished.release(taken);
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
      chunks.push(chunk);
      if (length > limits.body) fail(tooLarge(limits));
      // the last chunk is not counted: a body that arrives in one chunk is accepted even if unfinished bodies use the whole
      // bound
      else if (length === declaredBytes) return;
      else if (unfinished.take(chunk.length)) taken += chunk.length;
      else fail(tooMany());
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const onBroken = (): void => fail(clientClosed());
    const onLate = (): void => fail(new LlmError('invalid_request', errorTexts.bodyTooSlow));
    const timer = setTimeout(onLate, limits.bodyTimeout);
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', onBroken);
    request.on('close', onBroken);
  });
}

function tooMany(): LlmError {
  return new LlmError('overloaded', errorTexts.tooManyBodies, { retryAfterMs: 1_000 });
}

function clientClosed(): LlmError {
  return new LlmError('client_closed', errorTexts.clientClosed);
}

function tooLarge(limits: BodyLimits): LlmError {
  return new LlmError('request_too_large', errorTexts.bodyTooLong(limits.body));
}
