type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The longest cooldown, regardless of the provider's request. */
const MAX_MS = 600_000;

/** Limits that say when they are empty again, where a 429 does not say itself how long to wait: OpenAI's, and Anthropic's. */
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
 * section 10.2.3), or the
 * reset of the exhausted limit. Undefined without a valid value.
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

/** The provider's own word on whether the same again may help. */
export function shouldRetry(headers: Headers): boolean | undefined {
  const said = one(headers['x-should-retry']);
  return said === 'true' ? true : said === 'false' ? false : undefined;
}

const bounded = (ms: number): number => Math.min(Math.max(0, Math.ceil(ms)), MAX_MS);

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Seconds since the epoch begin here, milliseconds there: smaller numbers are seconds to wait. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e12;

/** `6m0s`, `120ms` or `1s` as OpenAI has it; a time as Anthropic has it (RFC 3339); a number of seconds; or a time since the epoch, as OpenRouter has it. */
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
