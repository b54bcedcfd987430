import type { IncomingMessage } from 'node:http';
import { defined, errorTexts, LlmError, type RealtimeRequest, type RequestMessage } from '@sluice/core';
import { isModelName, isObject, parseJson } from '@sluice/dialects';
import { credentialOf } from '../call-headers.ts';

/**
 * Subprotocols of web pages: a browser cannot send headers with a WebSocket request (OpenAI, "Realtime API with WebSockets").
 */
const KEY_PROTOCOL = 'openai-insecure-api-key.';
const BETA_PROTOCOL = 'openai-beta.';
const PROTOCOL = 'realtime';

/** Headers of OpenAI's clients that are forwarded to the provider. */
const PASSED = ['openai-beta', 'openai-safety-identifier'] as const;
const NOTHING = Buffer.alloc(0);

/** Returns the subprotocols that a client offers. */
export function protocolsOf({ headers }: Pick<IncomingMessage, 'headers'>): string[] {
  const offered = headers['sec-websocket-protocol'];
  return offered === undefined ? [] : offered.split(',').map((protocol) => protocol.trim());
}

/** Returns the subprotocol for the response. A browser requires one. A subprotocol that contains a key is never returned. */
export function chosenProtocol(offered: Iterable<string>): string | false {
  const open = [...offered].filter((protocol) => !protocol.startsWith(KEY_PROTOCOL) && !protocol.startsWith(BETA_PROTOCOL));
  return open.includes(PROTOCOL) ? PROTOCOL : (open[0] ?? false);
}

/**
 * Returns the client's key: from a subprotocol, or from where other requests carry it. The query parameter `api-key` is
 * Azure's.
 */
export function sessionCredential(request: IncomingMessage): string | undefined {
  const { headers, url = '' } = request;
  const inProtocol = protocolsOf(request).find((protocol) => protocol.startsWith(KEY_PROTOCOL));
  if (inProtocol !== undefined) return inProtocol.slice(KEY_PROTOCOL.length);
  return credentialOf(headers, url) ?? new URLSearchParams(url.split('?', 2)[1]).get('api-key') ?? undefined;
}

/** Returns the message of a request with the model in its query. @throws LlmError `invalid_request` */
export function openAiSession(request: IncomingMessage): RequestMessage {
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1]);
  if (query.has('call_id')) {
    throw new LlmError('invalid_request', errorTexts.sessionOfCall, {
      param: 'call_id',
    });
  }
  const intent = query.get('intent');
  if (intent !== null && intent !== 'transcription') {
    throw new LlmError('invalid_request', errorTexts.sessionIntent, { param: 'intent' });
  }
  const model = query.get('model') ?? query.get('deployment');
  if (model === null || !isModelName(model)) {
    throw new LlmError('invalid_request', errorTexts.sessionWithoutModel, { param: 'model' });
  }
  const beta = protocolsOf(request).includes('openai-beta.realtime-v1') ? ['openai-beta', 'realtime=v1'] : [];
  const headers = PASSED.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [name, value] : [];
  });
  return messageOf(model, {
    api: 'openai',
    headers: headers.includes('openai-beta') ? headers : [...headers, ...beta],
    ...(intent === null ? {} : { intent }),
  });
}

/** Returns the message of a session from its first message, which names the model. @throws LlmError `invalid_request` */
export function geminiSession(first: Buffer, version: string | undefined): RequestMessage {
  const message = parseJson(first.toString('utf8'));
  const setup = isObject(message) ? message['setup'] : undefined;
  const named = isObject(setup) ? setup['model'] : undefined;
  // `models/NAME`, at Google Cloud with a project in front
  const model = typeof named === 'string' ? named.replace(/^(?:.*\/)?models\//, '') : undefined;
  if (model === undefined || !isModelName(model)) {
    throw new LlmError('invalid_request', errorTexts.setupWithoutModel, { param: 'setup.model' });
  }
  return messageOf(model, { api: 'gemini', headers: [], ...defined({ version }) });
}

function messageOf(model: string, realtime: RealtimeRequest): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  return { bytes: NOTHING, realtime, view: () => view, json: () => ({}), forUpstream: () => NOTHING };
}
