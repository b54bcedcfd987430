import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorTexts, LlmError, type RequestMessage } from '@sluice/core';
import type { Express } from 'express';
import type { Answer } from '../answering.ts';

/** Answers a request. */
export type DirectRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What routes need to create calls. */
export interface RouteContext {
  readonly app: Express;
  /** Routes of a fixed path that are looked up before Express, by path. Express has them too, for other spellings of the path. */
  readonly direct: Map<string, DirectRoute>;
  /** Creates a call, and answers the request with the reply of the layers. */
  readonly answer: Answer;
  /** Receives a body within the limits. */
  readonly body: (request: IncomingMessage, response: ServerResponse) => Promise<Buffer>;
}

/** Receives a body with the content type JSON. @throws LlmError `invalid_request` */
export function jsonBody({ body }: RouteContext, request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  const type = request.headers['content-type'];
  if (type !== 'application/json' && (type === undefined || !/^application\/json *(;|$)/i.test(type))) {
    throw new LlmError('invalid_request', errorTexts.contentTypeNotJson, { param: 'content-type' });
  }
  return body(request, response);
}

/** Returns a message without a body: the path of `GET /v1/models` contains the whole request. */
export function modelQuestion(model: string): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  const nothing = Buffer.alloc(0);
  return { bytes: nothing, view: () => view, json: () => ({}), forUpstream: () => nothing };
}

export function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
