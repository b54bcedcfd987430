import { errorTexts, type LlmError, type LlmReply, type Operation, ReplyStream, type RequestMessage } from '@sluice/core';
import {
  asString,
  BodyRequest,
  isObject,
  type JsonObject,
  member,
  OllamaAnswer,
  type OllamaKind,
  OpenAiRequest,
  ollamaTags,
  parseJson,
  readOllamaRequest,
} from '@sluice/dialects';
import type { ReplyForm } from './reply-form.ts';

interface OllamaRoute {
  readonly path: string;
  readonly kind: OllamaKind;
  readonly operation: Extract<Operation, 'chat' | 'embeddings'>;
}

/** Ollama's routes, each mapped to OpenAI's chat completions or embeddings. */
export const OLLAMA_ROUTES: readonly OllamaRoute[] = [
  { path: '/api/chat', kind: 'chat', operation: 'chat' },
  { path: '/api/generate', kind: 'generate', operation: 'chat' },
  { path: '/api/embed', kind: 'embed', operation: 'embeddings' },
  { path: '/api/embeddings', kind: 'embeddings', operation: 'embeddings' },
];

const NO_VIEW = { model: '', stream: false, wantsStreamUsage: false };

const errorBody = (message: string): string => JSON.stringify({ error: message });

/** Serves one request of Ollama's API: translates it to an OpenAI request, and the reply to Ollama's format. */
export class OllamaExchange implements ReplyForm {
  readonly #route: OllamaRoute;
  #answer: OllamaAnswer | undefined;

  constructor(route: OllamaRoute) {
    this.#route = route;
  }

  /** @throws LlmError `invalid_request` */
  request(bytes: Buffer): RequestMessage {
    const { kind, operation } = this.#route;
    const body = readOllamaRequest(kind, new BodyRequest(bytes, () => NO_VIEW).json());
    this.#answer = new OllamaAnswer(kind, String(body['model']));
    return new OpenAiRequest(operation, Buffer.from(JSON.stringify(body)));
  }

  reply(reply: LlmReply): LlmReply {
    const answer = this.#answer;
    if (answer === undefined) return reply;
    if ('stream' in reply) return { ...reply, contentType: 'application/x-ndjson', stream: linesOf(reply.stream, answer) };
    return written(reply, (json) => answer.whole(json));
  }

  error({ message }: LlmError): string {
    return errorBody(message);
  }
}

/** Writes the list of models as `ollama list` expects it. */
export const TAGS: ReplyForm = {
  reply: (reply) => ('stream' in reply ? reply : written(reply, ollamaTags)),
  error: ({ message }) => errorBody(message),
};

/** Returns a whole reply in another format. A provider's error becomes an error in Ollama's format. */
function written(reply: Extract<LlmReply, { body: Uint8Array }>, write: (json: JsonObject) => JsonObject): LlmReply {
  const json = parseJson(Buffer.from(reply.body).toString('utf8'));
  const body = isObject(json) ? json : {};
  const text =
    reply.status < 300
      ? JSON.stringify(write(body))
      : errorBody(asString(member(body['error'], 'message')) ?? errorTexts.refusedByProvider);
  return { ...reply, contentType: 'application/json', body: Buffer.from(text) };
}

/** Converts a stream of events to lines of JSON. */
function linesOf(events: ReplyStream, answer: OllamaAnswer): ReplyStream {
  let paused = false;
  const lines = new ReplyStream({
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      events.resume();
    },
    cancel() {
      events.cancel();
      return undefined;
    },
  });
  const push = (text: string): void => {
    if (text !== '') lines.push(Buffer.from(text));
  };
  events.consume({
    chunk(bytes) {
      push(answer.feed(bytes));
      return !paused;
    },
    end({ end, error }) {
      if (end === 'finished' && error === undefined) push(answer.end());
      else push(answer.broken(error?.message ?? errorTexts.streamEndedEarly));
      lines.finish({ end: end === 'cancelled' ? 'cancelled' : 'finished' });
    },
  });
  return lines;
}
