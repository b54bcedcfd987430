import { bufferOf, type DialectName, type LlmCall, type PassthroughBody, type PassthroughRequest } from '@sluice/core';
import { DIALECTS, type EmbeddingsDialectName } from '@sluice/dialects';
import type { AnswerReader } from './answers/answer-reader.ts';
import { BackgroundAnswer } from './answers/background.ts';
import { otherAnswer } from './answers/other.ts';
import { Rerank } from './answers/rerank.ts';
import { callerForm, providerForm, writeRerankRequest } from './rerank/rerank-forms.ts';

const PASSED_HEADERS = ['retry-after', 'content-disposition', 'openai-processing-ms', 'openai-version', 'request-id'];

/** The properties of a provider that decide how a route is passed through. */
export interface UnreadRecipient {
  readonly dialects: readonly DialectName[];
  readonly embeddings?: EmbeddingsDialectName | undefined;
}

/** An outgoing request of a passthrough route. */
export interface UnreadOutgoing {
  readonly method: PassthroughRequest['method'];
  readonly path: string;
  readonly above: string | undefined;
  /** Whether the route is below the address for embeddings: Cohere's rerank is not below its address for OpenAI's clients. */
  readonly besideEmbeddings: boolean;
  readonly body: Buffer | PassthroughBody | undefined;
  /** Headers in addition to the common ones. */
  readonly headers: readonly string[];
  readonly passedHeaders: readonly string[];
  readonly answer: AnswerReader;
}

/**
 * Returns the outgoing request of a passthrough route. It differs from the caller's request only in the model's name, and for
 * rerank if the provider's form differs.
 *
 * @param model the provider's own name of the model
 * @returns undefined if the provider does not have the route's dialect
 */
export function unreadOutgoing(
  call: LlmCall,
  model: string,
  { dialects, embeddings }: UnreadRecipient,
): UnreadOutgoing | undefined {
  const { unread } = call.message;
  // a provider without dialects has only further routes
  const speaks = dialects.length === 0 || unread?.dialects?.some((one) => dialects.includes(one)) !== false;
  if (unread === undefined || !speaks) return undefined;
  const { method, above, contentType, headers = [], passedHeaders = [], route, background } = unread;
  const { path, body, contentLength } = { ...unread, ...unread.forModel?.(model) };
  const rerank = route === 'rerank' ? rerankIn(call, model, embeddings) : undefined;
  const type = contentType === undefined ? [] : ['content-type', contentType];
  const length = body === undefined || contentLength === undefined ? [] : ['content-length', String(contentLength)];
  const own = unread.dialects === undefined ? [] : DIALECTS[call.dialect].headers;
  return {
    method,
    path,
    above,
    besideEmbeddings: route === 'rerank',
    body: body ?? rerank?.body ?? heldBytes(call, model),
    headers: [...own, ...type, ...length, ...headers, ...(call.featureHeaders ?? [])],
    passedHeaders: [...PASSED_HEADERS, ...passedHeaders],
    answer: rerank?.answer ?? (background === undefined ? otherAnswer : new BackgroundAnswer(background.billedInputTokens)),
  };
}

function heldBytes({ message }: LlmCall, model: string): Buffer | undefined {
  if (message.bytes.length === 0) return undefined;
  const bytes = message.forUpstream({ model, streamUsage: false });
  return bufferOf(bytes);
}

/** Returns body and answer reader, if the provider's rerank form differs from the caller's. */
function rerankIn(call: LlmCall, model: string, embeddings: EmbeddingsDialectName | undefined) {
  const provider = providerForm(embeddings);
  const caller = callerForm(call.route);
  if (provider === caller || call.message.bytes.length === 0) return undefined;
  const body = Buffer.from(JSON.stringify(writeRerankRequest(call.message.json(), provider, model)));
  return { body, answer: new Rerank(call, caller) };
}
