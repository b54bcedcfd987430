import { asString, isObject, type Json } from '../neutral/read-json.ts';

/** Details of a reached limit in an error. */
export interface QuotaDetails {
  /** Wait that the provider requests, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether the limit applies to a day: a retry within minutes does not help. */
  readonly isDaily: boolean;
}

/** Longest back-off in ms, whatever the provider requests. */
const MAX_MS = 600_000;
/** Maximum number of values that are read from one error. */
const MOST = 300;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Members that name a limit. Sources: google.rpc.QuotaFailure (`quotaId`) and the metadata of google.rpc.ErrorInfo. */
const LIMITS: ReadonlySet<string> = new Set([
  'quotaId',
  'quota_id',
  'quotaMetric',
  'quota_metric',
  'quota_limit',
  'quota_unit',
  'subject',
]);
const DAILY = /per_?day|^1\/d\b/i;
/**
 * Retry hints such as «Please try again in 6m0.5s» or «Please retry in 17.5s». Sources: OpenAI's and Google's rate limit
 * messages.
 */
const IN = /\b(?:try again|retry) in ((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)/i;

/** Reads the quota details of an error in any dialect; `message` is its text. */
export function quotaDetails(body: Json, message: string): QuotaDetails {
  let remaining = MOST;
  let isDaily = false;
  let delay: string | undefined;
  const walk = (value: Json, depth: number): void => {
    if (depth > 6 || remaining-- <= 0) return;
    if (Array.isArray(value)) for (const one of value) walk(one, depth + 1);
    if (!isObject(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      if (LIMITS.has(name) && DAILY.test(asString(inner) ?? '')) isDaily = true;
      else if (name === 'retryDelay' || name === 'retry_delay') delay = delayOf(inner);
      else walk(inner, depth + 1);
    }
  };
  walk(body, 0);
  const waitMs = durationMs(delay ?? IN.exec(message)?.[1]);
  return { isDaily, ...(waitMs === undefined ? {} : { retryAfterMs: Math.min(waitMs, MAX_MS) }) };
}

/**
 * Returns the delay of google.rpc.RetryInfo: `17s` or `1.5s` in JSON, seconds and nanoseconds in the form of some libraries.
 */
function delayOf(value: Json): string | undefined {
  if (!isObject(value)) return asString(value);
  const { seconds } = value;
  return typeof seconds === 'number' || typeof seconds === 'string' ? `${seconds}s` : undefined;
}

function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return Math.ceil([...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit as string] as number), 0));
}
