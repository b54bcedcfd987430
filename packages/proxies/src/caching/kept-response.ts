import { type Clock, droppedParameters, isStreamed, type LlmCall, type LlmReply } from '@sluice/core';
import { isIncompleteAnswer } from '@sluice/dialects';
import type { CacheEntry } from '@sluice/store/ports';
import { collectedStream } from '../collected-stream.ts';
import { servedBy } from '../routing/served-by.ts';

/** How long and how large the entry of a call may be. */
export interface KeptLimits {
  readonly ttlMs: number;
  /** Time after its lifetime in which it may be served as a stale response. */
  readonly staleMs: number;
  readonly maxBytes: number;
}

/**
 * Returns the entry for a complete response. Undefined for a response that another call must not receive: an error, a broken,
 * empty or incomplete one, or one that is too long.
 */
export async function keptResponse(
  call: LlmCall,
  reply: LlmReply,
  limits: KeptLimits,
  clock: Clock,
): Promise<CacheEntry | undefined> {
  // a response that was limited by a budget is shorter than other callers would get
  if (reply.status !== 200 || call.outputLimit !== undefined) return undefined;
  const body = isStreamed(reply) ? await wholeStream(reply, limits.maxBytes) : wholeBody(reply, limits.maxBytes);
  if (body === undefined) return undefined;
  if (call.operation !== 'embeddings' && isIncompleteAnswer(call.dialect, body)) return undefined;
  return entryOf(call, reply, body, limits, clock.now());
}

const wholeBody = ({ body, empty }: Extract<LlmReply, { body: Uint8Array }>, maxBytes: number): Uint8Array | undefined =>
  empty === true || body.length > maxBytes ? undefined : body;

async function wholeStream(reply: Extract<LlmReply, { stream: object }>, maxBytes: number): Promise<Uint8Array | undefined> {
  const { outcome } = reply.stream;
  const [body, { generated }] = await Promise.all([collectedStream(reply, maxBytes), outcome]);
  return generated === 0 ? undefined : body;
}

function entryOf(call: LlmCall, reply: LlmReply, body: Uint8Array, limits: KeptLimits, nowMs: number): CacheEntry {
  const { usage, cost } = call.context.account;
  const { provider, model } = servedBy.get(call) ?? { provider: '', model: '' };
  const dropped = droppedParameters.get(call);
  const streamed = isStreamed(reply);
  const freshUntilMs = nowMs + limits.ttlMs;
  return {
    contentType: reply.contentType,
    body,
    streamed,
    streamUsage: streamed ? call.message.view().wantsStreamUsage : undefined,
    usage,
    cost,
    dropped: dropped.length === 0 ? undefined : dropped,
    provider,
    providerModel: model,
    tags: call.preferences.cache.tags,
    storedAtMs: nowMs,
    freshUntilMs: limits.staleMs > 0 ? freshUntilMs : undefined,
    expiresAtMs: freshUntilMs + limits.staleMs,
  };
}
