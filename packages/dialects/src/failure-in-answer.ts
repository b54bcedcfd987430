import type { Failure, FailureKind } from '@sluice/core';

/** How providers say that a prompt is too long. Seen at OpenAI, Azure, vLLM, Anthropic, Bedrock and Gemini, in this order. */
const TOO_LONG =
  /context_length_exceeded|maximum context length|context window|prompt is too long|input is too long|input token count[^"]*exceeds|exceeds the maximum number of (?:input )?tokens/i;

/** How they say that they do not like what it is about. Seen at Azure and OpenAI, Anthropic, and Gemini. */
const NOT_LIKED =
  /content_filter|content_policy_violation|content management policy|content filtering policy|"(?:PROHIBITED_CONTENT|SAFETY)"/;

/** An account that is empty says 429 too, where waiting does not help. */
const NO_MONEY = /insufficient_quota|billing_hard_limit_reached|credit balance is too low/i;

/** How they say that one request asks for more than a minute's limit. Seen at OpenAI, Azure and Groq. */
const TOO_LARGE = /request too large/i;
const LIMIT = /\blimit:?\s+(\d+)/i;
const REQUESTED = /\brequested:?\s+(\d+)/i;

function isTooLarge(text: string): boolean {
  if (TOO_LARGE.test(text)) return true;
  const [limit, requested] = [LIMIT.exec(text)?.[1], REQUESTED.exec(text)?.[1]];
  return limit !== undefined && requested !== undefined && Number(requested) > Number(limit);
}

/** What an error of a provider means for what is tried next. @param text the error as it came, in whatever dialect */
export function failureInAnswer(status: number, text: string): Failure {
  const kind = kindOf(status, text);
  return kind === 'rate_limited' && isTooLarge(text) ? { kind, status, tooLarge: true } : { kind, status };
}

function kindOf(status: number, text: string): FailureKind {
  if (NO_MONEY.test(text)) return 'credentials';
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
      return NOT_LIKED.test(text) ? 'content_refused' : 'credentials';
    case 408:
      return 'unavailable';
    case 429:
      return 'rate_limited';
  }
  if (status >= 500 || status < 400) return 'unavailable';
  if (TOO_LONG.test(text)) return 'context_length';
  return NOT_LIKED.test(text) ? 'content_refused' : 'rejected';
}
