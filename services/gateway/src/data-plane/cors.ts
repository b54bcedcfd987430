import type { IncomingMessage, ServerResponse } from 'node:http';

export interface CorsSettings {
  /** Origins of the web pages that may call; `*` allows all of them. */
  readonly origins: readonly string[];
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** How long a browser may cache the response to a preflight, in seconds: Chromium's maximum. */
const MAX_AGE_S = 7_200;
/** List of header names, as a browser sends it. */
const HEADER_NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+(?: *, *[A-Za-z0-9!#$%&'*+.^_`|~-]+)*$/;
const MAX_HEADER_NAMES = 4_096;

/**
 * Response headers that a page may read, in addition to those that every page may read (Fetch Standard, CORS-safelisted
 * response-header names).
 */
const EXPOSED = [
  'x-request-id',
  'request-id',
  'x-sluice-cache',
  'x-sluice-cache-key',
  'x-sluice-cache-similarity',
  'x-sluice-cache-entry',
  'x-sluice-cache-bound',
  'x-sluice-provider',
  'x-sluice-model',
  'x-sluice-attempts',
  'x-sluice-cost-usd',
  'x-sluice-saved-usd',
  'x-sluice-degraded',
  'x-sluice-dropped',
  'x-sluice-estimated',
  ...['requests', 'tokens'].flatMap((meter) => ['limit', 'remaining', 'reset'].map((of) => `x-ratelimit-${of}-${meter}`)),
  'retry-after',
  'x-should-retry',
  'age',
  'cache-status',
  'idempotency-replayed',
  'server-timing',
  'openai-processing-ms',
  'openai-version',
  'content-disposition',
  'x-goog-upload-url',
  'x-goog-upload-status',
].join(', ');

/**
 * Lets pages of the configured origins read responses (Fetch Standard, section 3.2), and answers their preflight requests,
 * which carry no key. Cookies are never part of a call, so no response allows credentials.
 *
 * @returns whether the request was a preflight and is answered
 */
export function answerCors(request: IncomingMessage, response: ServerResponse, settings: CorsSettings): boolean {
  const { origin, 'access-control-request-method': requestedMethod, 'access-control-request-headers': names } = request.headers;
  if (origin === undefined || settings.origins.length === 0) return false;
  const any = settings.origins.includes('*');
  if (!any) response.setHeader('vary', 'origin');
  if (!any && !settings.origins.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', any ? '*' : origin);
  if (request.method !== 'OPTIONS' || requestedMethod === undefined) {
    response.setHeader('access-control-expose-headers', EXPOSED);
    return false;
  }
  response.setHeader('access-control-allow-methods', METHODS);
  // SDKs add their own headers with each version, and no header grants a permission
  if (names !== undefined && names.length <= MAX_HEADER_NAMES && HEADER_NAMES.test(names)) {
    response.setHeader('access-control-allow-headers', names);
  }
  response.setHeader('access-control-max-age', MAX_AGE_S);
  response.writeHead(204, { 'cache-control': 'no-store' }).end();
  return true;
}
