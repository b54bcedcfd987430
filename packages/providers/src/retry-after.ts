type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Longest cooldown, regardless of the provider's request. */
const MAX_MS = 600_000;

/**
 * Headers of limits, for a 429 without a delay: the remaining amount, and the time until the limit is reset. The first six are
 * OpenAI's and Anthropic's.
 */
const RESETS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  // OpenRouter and others
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  // Cerebras, in seconds
  ['x-ratelimit-remaining-requests-day', 'x-ratelimit-reset-requests-day'],
  ['x-ratelimit-remaining-tokens-minute', 'x-ratelimit-reset-tokens-minute'],
] as const;

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/**
 * Returns the delay that a provider requests, in milliseconds: `retry-after-ms`, `Retry-After` (seconds or a date: RFC 9110,
 * section 10.2.3), or the reset of the exhausted limit. Undefined without a valid value.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const ms = Number(one(headers['retry-after-ms']) ?? Number.NaN);
  if (ms >= 0) return bounded(ms);
  const after = one(headers['retry-after'])?.trim();
  if (after !== undefined && after !== '') {
    if (/^\d+(\.\d+)?$/.test(after)) return bounded(Number(after) * 1_000);
    const at = /[a-z]/i.test(after) ? Date.parse(after) : Number.NaN;
    if (!Number.isNaN(at)) return bounded(at - nowMs);
  }
  const waits = RESETS.flatMap(([remaining, reset]) => {
    const until = one(headers[remaining]) === '0' ? one(headers[reset]) : undefined;
    const wait = until === undefined ? undefined : resetMs(until, nowMs);
    return wait === undefined ? [] : [wait];
  });
  return waits.length === 0 ? undefined : bounded(Math.max(...waits));
}

/** Returns whether a retry may help, if the provider reports it (`x-should-retry`). */
export function shouldRetry(headers: Headers): boolean | undefined {
  const hint = one(headers['x-should-retry']);
  return hint === 'true' ? true : hint === 'false' ? false : undefined;
}

const bounded = (ms: number): number => Math.min(Math.max(0, Math.ceil(ms)), MAX_MS);

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Numbers below are seconds to wait. From `EPOCH_S` on they are seconds since the epoch, from `EPOCH_MS` on milliseconds since
 * the epoch.
 */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e12;

/**
 * Parses the reset of a limit: `6m0s`, `120ms` or `1s` (OpenAI), a time (RFC 3339: Anthropic), a number of seconds, or a time
 * since the epoch (OpenRouter). Returns milliseconds to wait.
 */
function resetMs(text: string, nowMs: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    return number >= EPOCH_MS ? number - nowMs : number >= EPOCH_S ? number * 1_000 - nowMs : number * 1_000;
  }
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
    return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit as string] as number), 0);
  }
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at - nowMs;
}
