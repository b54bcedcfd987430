import { bufferOf, errorTexts, type LlmCall, type LlmReply, ReplyStream, type Usage, type WholeReply } from '@sluice/core';
import {
  collectStream,
  type Dialect,
  type EventDecoder,
  estimateAnswerTokens,
  type JsonObject,
  type NeutralReply,
  type ReplyContext,
  type ReplyRestorer,
  writeAsStream,
} from '@sluice/dialects';
import { noAnswer } from './answer-reader.ts';

/** Converts a complete answer for a caller that requested a stream. Small servers, mocks and some models do not stream. */
export function streamOfWhole(
  head: WholeReply,
  value: JsonObject,
  call: LlmCall,
  from: Dialect,
  to: Dialect,
  context: ReplyContext,
  restorer?: ReplyRestorer,
): LlmReply {
  const { body: _body, usage, empty, generated, ...rest } = head;
  // a legacy completion is the same object in both forms
  const written =
    call.operation === 'completions'
      ? `data: ${JSON.stringify(value)}\n\ndata: [DONE]\n\n`
      : writeAsStream(restored(from.readReply(value), restorer), to, context);
  const counted = empty === true ? 0 : (generated ?? usage?.outputTokens ?? 1);
  const stream = ReplyStream.of(Buffer.from(written), { end: 'finished', generated: counted, usage });
  const contentType = context.framing === 'json-array' ? 'application/json' : 'text/event-stream; charset=utf-8';
  return { ...rest, contentType, stream };
}

/** Converts a stream for a caller that requested a complete answer. @throws LlmError if the stream failed or was truncated */
export function wholeOfStream(
  head: WholeReply,
  events: EventDecoder,
  from: Dialect,
  to: Dialect,
  context: ReplyContext,
  restorer?: ReplyRestorer,
): LlmReply {
  const { reply, outcome } = collectStream(from, events, bufferOf(head.body));
  if (outcome.error !== undefined) throw outcome.error;
  const usage: Usage | undefined = outcome.usage;
  if (reply.choices.length === 0) throw noAnswer(errorTexts.answerEmpty);
  const empty = reply.choices.every(({ parts }) => parts.length === 0);
  const model = reply.model === '' ? context.model : reply.model;
  const body = Buffer.from(JSON.stringify(to.writeReply(restored(reply, restorer), { ...context, model })));
  return {
    ...head,
    contentType: 'application/json',
    body,
    usage,
    generated: hasPlausibleCounts(usage) ? undefined : estimateAnswerTokens(reply),
    empty: empty ? true : undefined,
  };
}

/** Returns whether the provider reported plausible counts, so that none needs to be estimated. */
export const hasPlausibleCounts = (usage: Usage | undefined): boolean => usage !== undefined && usage.issue === undefined;

/** Restores in the answer what the model could not accept in the request. */
const restored = (reply: NeutralReply, restorer: ReplyRestorer | undefined): NeutralReply =>
  restorer === undefined ? reply : restorer.reply(reply);
