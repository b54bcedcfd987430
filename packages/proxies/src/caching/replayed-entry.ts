import { bufferOf, droppedParameters, type LlmCall, type LlmReply, replayed, type Usage } from '@sluice/core';
import { collectStream, DIALECTS, type Dialect, eventDecoder, isObject, parseJson, writeAsStream } from '@sluice/dialects';
import type { CacheEntry } from '@sluice/store/ports';
import { servedBy } from '../routing/served-by.ts';
import { type CacheResult, type CacheState, cacheResult, type ServedEntry, type ServedMeaning } from './cache-result.ts';

type Form = Pick<CacheEntry, 'contentType' | 'body' | 'streamed'>;

/** Serves a call with an entry, in the form that the call requests. Undefined if the entry cannot be converted to this form. */
export function replayedEntry(call: LlmCall, entry: CacheEntry, served: ReplayDetails): LlmReply | undefined {
  const form = formFor(call, entry);
  if (form === undefined) return undefined;
  const { state, key, nowMs, stale, semantic } = served;
  const ageS = Math.max(0, Math.floor((nowMs - entry.storedAtMs) / 1_000));
  const ttlS = Math.max(0, Math.ceil(((entry.freshUntilMs ?? entry.expiresAtMs) - nowMs) / 1_000));
  markServed(call, { state, key, entry: { ageS, ttlS, cost: entry.cost, stale }, ...(semantic && { semantic }) }, entry);
  return replayed({ status: 200, ...form, usage: entry.usage });
}

export interface ReplayDetails extends Pick<ServedEntry, 'stale'> {
  readonly state: CacheState;
  /** The key as shown to clients. */
  readonly key: string;
  readonly nowMs: number;
  readonly semantic?: ServedMeaning;
}

/** Notes for headers, metrics and records that a call received the response of another one, and costs nothing. */
export function markServed(
  call: LlmCall,
  result: CacheResult,
  of: Pick<CacheEntry, 'provider' | 'providerModel' | 'dropped' | 'usage' | 'cost'>,
): void {
  cacheResult.set(call, result);
  servedBy.set(call, { provider: of.provider, model: of.providerModel, target: undefined });
  if (of.dropped !== undefined) droppedParameters.set(call, of.dropped);
  call.context.account.replay({ usage: of.usage, cost: of.cost === undefined ? undefined : 0 });
}

/** What writers put before an id. */
const PREFIX = /^(?:chatcmpl-|msg_)/;

/** Returns an entry in the form that a call requests: the stored bytes, or the same content as a stream or a whole response. */
function formFor(call: LlmCall, entry: CacheEntry): Form | undefined {
  const { stream, wantsStreamUsage, framing = 'sse' } = call.message.view();
  const isSame = entry.streamed === stream && (!stream || (entry.streamUsage ?? wantsStreamUsage) === wantsStreamUsage);
  // an entry that is a whole response to a stream was not requested in either form
  if (isSame || call.message.isEitherForm?.() !== true) return entry;
  if (framing !== 'sse') return undefined;
  const dialect = DIALECTS[call.dialect];
  const stored = entry.streamed ? replyOfStream(dialect, entry) : replyOfBody(dialect, entry);
  if (stored === undefined) return undefined;
  const id = stored.id.replace(PREFIX, '');
  const reply = { ...stored, id };
  const context = { model: reply.model, id, createdS: reply.createdS ?? Math.floor(entry.storedAtMs / 1_000) };
  const options = { ...context, streamUsage: wantsStreamUsage, framing: 'sse' } as const;
  if (stream) {
    const text = writeAsStream(reply, dialect, options);
    return { contentType: 'text/event-stream; charset=utf-8', body: Buffer.from(text), streamed: true };
  }
  const text = JSON.stringify(dialect.writeReply(reply, options));
  return { contentType: 'application/json', body: Buffer.from(text), streamed: false };
}

function replyOfStream(dialect: Dialect, { body, usage }: CacheEntry) {
  const { reply, outcome } = collectStream(dialect, eventDecoder('sse'), bufferOf(body));
  return outcome.end === 'finished' ? withUsage(reply, usage) : undefined;
}

function replyOfBody(dialect: Dialect, { body, usage }: CacheEntry) {
  const value = parseJson(bufferOf(body).toString('utf8'));
  return isObject(value) ? withUsage(dialect.readReply(value), usage) : undefined;
}

/** A stream without usage was requested without it; the entry has the usage of its accounting. */
function withUsage<R extends { readonly usage?: Usage | undefined }>(reply: R, usage: Usage | undefined): R {
  return reply.usage === undefined && usage !== undefined ? { ...reply, usage } : reply;
}
