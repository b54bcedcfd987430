import { type LlmCall, type LlmError, type LlmReply, type Money, toUsd } from '@sluice/core';

type Headers = Record<string, string | number>;

/** Milliseconds as OpenAI writes a reset: `1s`, `6m0s`, `120ms`. */
export function openAiDuration(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m${seconds % 60}s`;
}

/** An amount as a plain decimal, to the nano-dollar: JavaScript writes small numbers with an exponent. */
const usdText = (amount: Money): string =>
  toUsd(amount)
    .toFixed(9)
    .replace(/\.?0+$/, '');

/** A header's value of what may have come from outside: what cannot stand there is left out. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

function common(call: LlmCall, elapsedMs: number): Headers {
  const { facts } = call;
  const headers: Headers = { 'x-request-id': call.requestId, 'cache-control': 'private, no-store', 'x-sluice-cache': facts.cache };
  for (const { meter, limit, remaining, resetMs } of facts.meters) {
    headers[`x-ratelimit-limit-${meter}`] = limit;
    headers[`x-ratelimit-remaining-${meter}`] = remaining;
    headers[`x-ratelimit-reset-${meter}`] = openAiDuration(resetMs);
  }
  if (facts.provider !== undefined) {
    headers['x-sluice-provider'] = facts.provider;
    headers['x-sluice-model'] = plain(facts.providerModel ?? '');
    headers['x-sluice-attempts'] = facts.attempts;
  }
  if (facts.degraded.length > 0) headers['x-sluice-degraded'] = facts.degraded.join(',');
  const timing = `sluice;dur=${Math.max(0, elapsedMs - facts.upstreamMs).toFixed(1)}`;
  headers['server-timing'] = facts.upstreamMs === 0 ? timing : `${timing}, upstream;dur=${facts.upstreamMs.toFixed(1)}`;
  return headers;
}

export function replyHeaders(call: LlmCall, reply: LlmReply, elapsedMs: number): Headers {
  const { facts } = call;
  const headers = common(call, elapsedMs);
  for (const name in reply.headers) headers[name] = reply.headers[name] as string;
  headers['content-type'] = reply.contentType;
  if (facts.cache === 'hit') {
    headers['age'] = facts.cacheAgeS;
    headers['cache-status'] = `sluice; hit; ttl=${facts.cacheTtlS}`;
  }
  if (!('stream' in reply)) {
    headers['content-length'] = reply.body.length;
    if (facts.cost !== undefined) headers['x-sluice-cost-usd'] = usdText(facts.cost);
    if (facts.saved !== undefined) headers['x-sluice-saved-usd'] = usdText(facts.saved);
  }
  return headers;
}

export function errorHeaders(call: LlmCall, error: LlmError, elapsedMs: number): Headers {
  const headers = common(call, elapsedMs);
  headers['content-type'] = 'application/json';
  if (error.status === 429 || error.status === 503) {
    headers['retry-after'] = Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000));
  }
  if (error.code === 'invalid_api_key') headers['www-authenticate'] = 'Bearer';
  return headers;
}
