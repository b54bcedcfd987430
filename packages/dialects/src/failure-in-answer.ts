import type { Failure, FailureKind } from '@sluice/core';
import { CONTENT_REFUSED } from './failures/content-refused.ts';
import { errorCodes } from './failures/error-codes.ts';
import { messageOfBody } from './failures/error-message.ts';
import { MODEL_UNAVAILABLE } from './failures/model-unavailable.ts';
import { KEY_REFUSED, NO_CREDIT } from './failures/our-account.ts';
import type { Phrase } from './failures/phrase.ts';
import { type QuotaDetails, quotaDetails } from './failures/quota-details.ts';
import { TOO_LONG } from './failures/too-long.ts';
import { parseJson } from './neutral/read-json.ts';

/** Messages of a single request that exceeds a limit per minute. Seen at OpenAI, Azure and Groq. */
const TOO_LARGE = /request too large/i;
const LIMIT = /\blimit:?\s+(\d+)/i;
const REQUESTED = /\brequested:?\s+(\d+)/i;

function isTooLarge(text: string): boolean {
  if (TOO_LARGE.test(text)) return true;
  const [limit, requested] = [LIMIT.exec(text)?.[1], REQUESTED.exec(text)?.[1]];
  return limit !== undefined && requested !== undefined && Number(requested) > Number(limit);
}

/** The message and the codes of an error, for the tables of phrases. */
class ErrorText {
  readonly #message: string;
  readonly #codes: ReadonlySet<string>;
  readonly quota: QuotaDetails;

  constructor(text: string) {
    const body = parseJson(text);
    this.#message = messageOfBody(text) ?? text;
    this.#codes = errorCodes(body);
    this.quota = quotaDetails(body, this.#message);
  }

  has(phrases: readonly Phrase[]): boolean {
    return phrases.some(
      ({ codes = [], message }) => codes.some((code) => this.#codes.has(code)) || message?.test(this.#message) === true,
    );
  }

  hasCode(code: string): boolean {
    return this.#codes.has(code);
  }
}

/**
 * Classifies an error of a provider by its status, message and codes.
 *
 * @param status the HTTP status, or the status that the error itself gives; undefined where neither is known
 * @param text the error as it came, in whatever dialect
 */
export function failureInAnswer(status: number | undefined, text: string): Failure {
  const error = new ErrorText(text);
  const kind = kindOf(status, error, text);
  const { retryAfterMs } = error.quota;
  const waits = (kind === 'rate_limited' || kind === 'server_error') && retryAfterMs !== undefined;
  const known = { kind, status: status ?? STATUS[kind] ?? 500, ...(waits ? { retryAfterMs } : {}) };
  return kind === 'rate_limited' && isTooLarge(text) ? { ...known, tooLarge: true } : known;
}

/** Statuses of errors in a stream or with status 200. */
const STATUS: Partial<Record<FailureKind, number>> = { context_length: 400, content_refused: 400, model_unavailable: 404 };

function kindOf(status: number | undefined, error: ErrorText, text: string): FailureKind {
  if (error.has(NO_CREDIT)) return 'auth';
  switch (status) {
    case 401:
    case 407:
      return 'auth';
    case 402:
    case 403:
      return aboutRequest(error, [CONTENT_REFUSED, MODEL_UNAVAILABLE]) ?? 'auth';
    case 408:
      return 'server_error';
    case 429:
      // an exhausted daily quota is treated like an account without credit
      return error.quota.isDaily ? 'auth' : 'rate_limited';
    case 413:
      if (isTooLarge(text) && error.hasCode('rate_limit_exceeded')) return 'rate_limited';
      break;
    case 500:
    case undefined:
      // the status gives no cause: Ollama and llama.cpp respond with 500 to a prompt that is too long
      return (
        aboutRequest(error, [TOO_LONG, CONTENT_REFUSED, MODEL_UNAVAILABLE]) ?? (error.has(KEY_REFUSED) ? 'auth' : 'server_error')
      );
  }
  if (status >= 500 || status < 400) return 'server_error';
  if (error.has(KEY_REFUSED)) return 'auth';
  return aboutRequest(error, [TOO_LONG, CONTENT_REFUSED, MODEL_UNAVAILABLE]) ?? 'invalid_request';
}

function aboutRequest(error: ErrorText, tables: readonly (readonly Phrase[])[]): FailureKind | undefined {
  return tables.find((phrases) => error.has(phrases))?.[0]?.kind;
}
