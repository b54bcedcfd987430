import type { IncomingMessage } from 'node:http';
import { LlmError, type RealtimeRequest, type RequestMessage } from '@sluice/core';
import { isModelName, isObject, parseJson } from '@sluice/dialects';
import { credentialOf } from '../call-headers.ts';

/** Sub-protocols of pages: a browser can send no header with its request for a WebSocket (OpenAI, "Realtime API with WebSockets"). */
const KEY_PROTOCOL = 'openai-insecure-api-key.';
const BETA_PROTOCOL = 'openai-beta.';
const PROTOCOL = 'realtime';

/** Headers of OpenAI's clients that go on to the provider. */
const PASSED = ['openai-beta', 'openai-safety-identifier'] as const;
const NOTHING = Buffer.alloc(0);

/** Returns the sub-protocols that a client offers. */
export function protocolsOf({ headers }: Pick<IncomingMessage, 'headers'>): string[] {
  const offered = headers['sec-websocket-protocol'];
  return offered === undefined ? [] : offered.split(',').map((protocol) => protocol.trim());
}

/** Returns the sub-protocol that the answer names: a browser fails without one, and none with a key in it is repeated. */
export function chosenProtocol(offered: Iterable<string>): string | false {
  const open = [...offered].filter((protocol) => !protocol.startsWith(KEY_PROTOCOL) && !protocol.startsWith(BETA_PROTOCOL));
  return open.includes(PROTOCOL) ? PROTOCOL : (open[0] ?? false);
}

/** Returns the key that a client showed: in a sub-protocol, or where other requests have it. `?api-key=` is Azure's. */
export function sessionCredential(request: IncomingMessage): string | undefined {
  const { headers, url = '' } = request;
  const inProtocol = protocolsOf(request).find((protocol) => protocol.startsWith(KEY_PROTOCOL));
  if (inProtocol !== undefined) return inProtocol.slice(KEY_PROTOCOL.length);
  return credentialOf(headers, url) ?? new URLSearchParams(url.split('?', 2)[1]).get('api-key') ?? undefined;
}

/** Returns the message of a request whose address names the model. @throws LlmError `invalid_request` */
export function openAiSession(request: IncomingMessage): RequestMessage {
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1]);
  if (query.has('call_id')) {
    throw new LlmError('invalid_request', 'Sessions of calls (call_id) are not served. Connect with a model.', {
      param: 'call_id',
    });
  }
  const intent = query.get('intent');
  if (intent !== null && intent !== 'transcription') {
    throw new LlmError('invalid_request', "'intent' must be 'transcription', or not be given.", { param: 'intent' });
  }
  const model = query.get('model') ?? query.get('deployment');
  if (model === null || !isModelName(model)) {
    throw new LlmError('invalid_request', "The address must name the model: '?model=NAME'.", { param: 'model' });
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

/** Returns the message of a session by its first message, which names the model. @throws LlmError `invalid_request` */
export function geminiSession(first: Buffer, version: string | undefined): RequestMessage {
  const message = parseJson(first.toString('utf8'));
  const setup = isObject(message) ? message['setup'] : undefined;
  const named = isObject(setup) ? setup['model'] : undefined;
  // `models/NAME`, and with a project at Google Cloud
  const model = typeof named === 'string' ? named.replace(/^(?:.*\/)?models\//, '') : undefined;
  if (model === undefined || !isModelName(model)) {
    throw new LlmError('invalid_request', "The first message must be 'setup' with a model.", { param: 'setup.model' });
  }
  return messageOf(model, { api: 'gemini', headers: [], ...(version === undefined ? {} : { version }) });
}

function messageOf(model: string, realtime: RealtimeRequest): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  return { bytes: NOTHING, realtime, view: () => view, json: () => ({}), forUpstream: () => NOTHING };
}
