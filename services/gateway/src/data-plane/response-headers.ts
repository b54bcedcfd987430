import { BOUNDS } from '@sluice/config';
import { droppedParameters, type LlmCall, type LlmError, type LlmReply, type Money, NANOS_PER_USD } from '@sluice/core';
import { type CacheState, cacheResult, degradedParts, meterStates, type ServedEntry, servedBy } from '@sluice/proxies';

/**
 * Headers as a flat list of names and values, the form that `writeHead` sends without conversion. An object with dynamic member
 * names costs several times as much.
 */
export type HeaderList = (string | number)[];

/** Returns milliseconds in OpenAI's format of a reset: `1s`, `6m0s`, `120ms`. */
export function openAiDuration(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m${seconds % 60}s`;
}

/** Returns an amount of at least zero as a plain decimal with nano-dollar precision: JavaScript writes small numbers with an exponent. */
function usdText(amount: Money): string {
  const nanos = amount % NANOS_PER_USD;
  const whole = String((amount - nanos) / NANOS_PER_USD);
  if (nanos === 0) return whole;
  const digits = String(nanos).padStart(9, '0');
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  return `${whole}.${digits.slice(0, end)}`;
}

const ZERO = 0x30;

/** Returns milliseconds rounded to a tenth. */
const tenths = (ms: number): string => String(Math.round(ms * 10) / 10);

/** Returns a header value without forbidden characters: the text may come from a client or provider. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

interface MeterHeaders {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/**
 * Header names of each meter; the configuration and this code define the meters. They are cached because Node.js validates each
 * character of a new header name.
 */
const METER_HEADERS = new Map<string, MeterHeaders>();

function headersOfMeter(meter: string): MeterHeaders {
  let names = METER_HEADERS.get(meter);
  if (names === undefined) {
    names = {
      limit: `x-ratelimit-limit-${meter}`,
      remaining: `x-ratelimit-remaining-${meter}`,
      reset: `x-ratelimit-reset-${meter}`,
    };
    METER_HEADERS.set(meter, names);
  }
  return names;
}

function common(call: LlmCall, elapsedMs: number): HeaderList {
  const { account } = call.context;
  const { state, key } = cacheResult.get(call);
  const headers: HeaderList = ['x-request-id', call.requestId, 'cache-control', 'private, no-store', 'x-sluice-cache', state];
  if (key !== undefined) headers.push('x-sluice-cache-key', key);
  for (const { meter, limit, remaining, resetMs } of meterStates.get(call)) {
    const names = headersOfMeter(meter);
    // a limit that was stored before bounds existed may exceed the largest count in Redis
    const available = Math.min(Math.max(0, remaining), limit, BOUNDS.windowLimit);
    headers.push(names.limit, Math.min(limit, BOUNDS.windowLimit), names.remaining, available);
    headers.push(names.reset, openAiDuration(Math.min(resetMs, BOUNDS.windowMs)));
  }
  const target = servedBy.get(call);
  if (target !== undefined) {
    headers.push('x-sluice-provider', target.provider, 'x-sluice-model', plain(target.model));
    headers.push('x-sluice-attempts', account.attempts);
  }
  const degraded = degradedParts.get(call);
  if (degraded.length > 0) headers.push('x-sluice-degraded', degraded.join(','));
  const dropped = droppedParameters.get(call);
  if (dropped.length > 0) headers.push('x-sluice-dropped', dropped.join(','));
  const { upstreamMs } = account;
  const timing = `sluice;dur=${tenths(Math.max(0, elapsedMs - upstreamMs))}`;
  headers.push('server-timing', upstreamMs === 0 ? timing : `${timing}, upstream;dur=${tenths(upstreamMs)}`);
  return headers;
}

/** Returns how the cache served a call (RFC 9211). */
function cacheStatus(state: CacheState, entry: ServedEntry | undefined): string {
  switch (state) {
    case 'hit':
      return entry?.stale === undefined ? `sluice; hit; ttl=${entry?.ttlS}` : `sluice; hit; ttl=0; detail=stale-${entry.stale}`;
    case 'near':
      return `sluice; hit; ttl=${entry?.ttlS}; detail=near`;
    case 'semantic':
      return `sluice; hit; ttl=${entry?.ttlS}; detail=semantic`;
    case 'coalesced':
      return 'sluice; fwd=miss; collapsed';
    case 'miss':
    case 'bypass':
      return `sluice; fwd=${state}`;
  }
}

export function replyHeaders(call: LlmCall, reply: LlmReply, elapsedMs: number): HeaderList {
  const { account } = call.context;
  const { state, entry, semantic } = cacheResult.get(call);
  const headers = common(call, elapsedMs);
  for (const name in reply.headers) headers.push(name, reply.headers[name] as string);
  headers.push('content-type', reply.contentType);
  if (state !== 'bypass') headers.push('cache-status', cacheStatus(state, entry));
  if (entry !== undefined) headers.push('age', entry.ageS);
  if (semantic !== undefined) {
    headers.push('x-sluice-cache-similarity', semantic.similarity.toFixed(4), 'x-sluice-cache-entry', semantic.entry);
    headers.push('x-sluice-cache-bound', semantic.bound);
  }
  if (!('stream' in reply)) {
    headers.push('content-length', reply.body.length);
    if (account.cost !== undefined) headers.push('x-sluice-cost-usd', usdText(account.cost));
    if (entry?.cost !== undefined) headers.push('x-sluice-saved-usd', usdText(entry.cost));
  }
  return headers;
}

/** Returns the headers of a stream that begins before the provider's response. */
export function earlyHeaders(call: LlmCall, contentType: string, elapsedMs: number): HeaderList {
  return [...common(call, elapsedMs), 'content-type', contentType];
}

export function errorHeaders(call: LlmCall, error: LlmError, elapsedMs: number): HeaderList {
  const headers = common(call, elapsedMs);
  headers.push('content-type', 'application/json');
  if (error.status === 429 || error.status === 503) {
    headers.push('retry-after', Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000)));
  }
  // without this header the official SDKs retry twice at once
  if (error.code === 'insufficient_quota') headers.push('x-should-retry', 'false');
  if (error.code === 'budget_in_flight') headers.push('x-should-retry', 'true');
  if (error.code === 'invalid_api_key') headers.push('www-authenticate', 'Bearer');
  return headers;
}
