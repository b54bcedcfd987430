import type { IncomingHttpHeaders } from 'node:http';
import { type CacheDirectives, type CacheMode, errorTexts, LlmError, type Preferences, type Strategy } from '@sluice/core';

const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TAG = /^[\x20-\x7e]{1,128}$/;
const MAX_TAGS = 16;
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;
const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/;
/** One year: no cache entry lives longer and no call takes longer. */
const MAX_S = 31_536_000;

export const NO_PREFERENCES: Preferences = { cache: {}, tags: {} };

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

function refuse(header: string, expected: string): never {
  throw new LlmError('invalid_request', errorTexts.headerMustBe(header, expected), { param: header });
}

function wholeSeconds(header: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) refuse(header, 'a whole number of seconds');
  return Math.min(Number(text), MAX_S);
}

/**
 * Returns the client's key from any header that clients use. `api-key` is Azure's header, the query parameter `key` is
 * Gemini's.
 */
export function credentialOf(headers: IncomingHttpHeaders, target: string): string | undefined {
  const { authorization } = headers;
  if (authorization?.startsWith('Bearer ') === true) return authorization.slice('Bearer '.length).trim();
  if (authorization !== undefined) return /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? authorization;
  const header = one(headers['x-api-key']) ?? one(headers['x-goog-api-key']) ?? one(headers['api-key']);
  if (header !== undefined) return header;
  const query = target.indexOf('?');
  if (query === -1 || !target.includes('key=', query)) return undefined;
  return new URLSearchParams(target.slice(query + 1)).get('key') ?? undefined;
}

/** Returns the client's own request id if it is safe in a log. */
export function requestIdOf(headers: IncomingHttpHeaders): string | undefined {
  const given = one(headers['x-request-id']);
  return given !== undefined && REQUEST_ID.test(given) ? given : undefined;
}

/** Returns the idempotency key of the call. @throws LlmError `invalid_request` */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = one(headers['idempotency-key']);
  if (given !== undefined && !IDEMPOTENCY_KEY.test(given)) refuse('idempotency-key', '1 to 255 visible ASCII characters');
  return given;
}

/** Returns the trace that the call belongs to. A malformed header is ignored (W3C Trace Context, section 3.2). */
export function traceparentOf(headers: IncomingHttpHeaders): string | undefined {
  const given = one(headers['traceparent']);
  return given !== undefined && TRACEPARENT.test(given) ? given : undefined;
}

/** Returns the request headers that enable features of a dialect, as a list of names and values. */
export function featureHeadersOf(headers: IncomingHttpHeaders, names: readonly string[]): string[] | undefined {
  let found: string[] | undefined;
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    found ??= [];
    found.push(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return found;
}

/** Reads the preferences of a call from its headers. @throws LlmError `invalid_request` with the header in `param` */
export function preferencesOf(headers: IncomingHttpHeaders): Preferences {
  const optimizeFor = one(headers['x-sluice-optimize-for']);
  const tags = one(headers['x-sluice-tags']);
  const recovery = one(headers['x-sluice-stream-recovery']);
  const control = headers['cache-control'];
  const ttl = one(headers['x-sluice-cache-ttl']);
  const namespace = one(headers['x-sluice-cache-namespace']);
  const mode = one(headers['x-sluice-cache-mode']);
  const coalesce = one(headers['x-sluice-coalesce']);
  const cacheTags = one(headers['x-sluice-cache-tags']);
  const isPlain = optimizeFor === undefined && recovery === undefined && tags === undefined;
  const similarity = one(headers['x-sluice-cache-min-similarity']);
  const feedback = one(headers['x-sluice-cache-feedback']);
  const isCachePlain = [mode, coalesce, cacheTags, similarity, feedback].every((value) => value === undefined);
  if (isPlain && isCachePlain && control === undefined && ttl === undefined && namespace === undefined) return NO_PREFERENCES;
  if (optimizeFor !== undefined && !['cost', 'speed', 'balanced'].includes(optimizeFor)) {
    refuse('x-sluice-optimize-for', 'cost, speed or balanced');
  }
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    refuse('x-sluice-cache-namespace', '1 to 64 letters, digits, ".", "_" or "-"');
  }
  if (recovery !== undefined && recovery !== 'restart' && recovery !== 'buffer') {
    refuse('x-sluice-stream-recovery', 'restart or buffer');
  }
  if (mode !== undefined && !isCacheMode(mode)) refuse('x-sluice-cache-mode', 'exact, near or semantic');
  if (coalesce !== undefined && coalesce !== 'on' && coalesce !== 'off') refuse('x-sluice-coalesce', 'on or off');
  return {
    streamRecovery: recovery,
    optimizeFor: optimizeFor as Strategy | undefined,
    cache: {
      ...cacheControl(control),
      ttlS: ttl === undefined ? undefined : wholeSeconds('x-sluice-cache-ttl', ttl),
      namespace,
      mode: mode as CacheMode | undefined,
      minSimilarity: similarity === undefined ? undefined : similarityOf(similarity),
      feedback: feedback === undefined ? undefined : feedbackOf(feedback, one(headers['x-sluice-cache-entry'])),
      coalesce: coalesce === undefined ? undefined : coalesce === 'on',
      tags: cacheTags === undefined ? undefined : cacheTagsOf(cacheTags),
    },
    tags: tags === undefined ? {} : tagsOf(tags),
  };
}

/** Reads cache directives (RFC 9111, section 5.2.1, and RFC 5861). Unknown directives are ignored, as the RFC requires. */
function cacheControl(text: string | undefined): CacheDirectives {
  if (text === undefined) return {};
  const directives: { -readonly [K in keyof CacheDirectives]: CacheDirectives[K] } = {};
  for (const part of text.toLowerCase().split(',')) {
    const directive = part.trim();
    if (directive === 'no-cache') directives.noCache = true;
    else if (directive === 'no-store') directives.noStore = true;
    else if (directive === 'only-if-cached') directives.onlyIfCached = true;
    else if (directive.startsWith('max-age=')) directives.maxAgeS = secondsOf(directive);
    else if (directive.startsWith('stale-while-revalidate=')) directives.staleWhileRevalidateS = secondsOf(directive);
    else if (directive.startsWith('stale-if-error=')) directives.staleIfErrorS = secondsOf(directive);
  }
  return directives;
}

const secondsOf = (directive: string): number => wholeSeconds('cache-control', directive.slice(directive.indexOf('=') + 1));

const isCacheMode = (text: string): text is CacheMode => ['exact', 'near', 'semantic'].includes(text);

function similarityOf(text: string): number {
  const similarity = /^[01](?:\.\d{1,6})?$/.test(text) ? Number(text) : 2;
  return similarity <= 1 ? similarity : refuse('x-sluice-cache-min-similarity', 'a number from 0 to 1');
}

function feedbackOf(text: string, entry: string | undefined): NonNullable<CacheDirectives['feedback']> {
  if (text !== 'right' && text !== 'wrong') refuse('x-sluice-cache-feedback', 'right or wrong');
  if (entry === undefined) refuse('x-sluice-cache-entry', 'the value of the response, with x-sluice-cache-feedback');
  return { entry, isRight: text === 'right' };
}

function cacheTagsOf(text: string): string[] {
  const tags = [...new Set(text.split(',').map((tag) => tag.trim()))];
  if (tags.length > MAX_TAGS || !tags.every((tag) => NAMESPACE.test(tag))) {
    refuse('x-sluice-cache-tags', `1 to ${MAX_TAGS} names of 1 to 64 letters, digits, ".", "_" or "-", with commas between them`);
  }
  return tags;
}

function tagsOf(text: string): Record<string, string> {
  const tags = new Map<string, string>();
  for (const pair of text.split(',')) {
    const [name = '', value = ''] = pair.split('=', 2).map((part) => part.trim());
    if (!TAG.test(name) || !TAG.test(value) || name === '__proto__')
      refuse('x-sluice-tags', 'a list such as team=search,stage=test');
    tags.set(name, value);
  }
  if (tags.size > MAX_TAGS) refuse('x-sluice-tags', `at most ${MAX_TAGS} tags`);
  return Object.fromEntries(tags);
}

/** Returns the timeout of the whole call, in milliseconds. @throws LlmError `invalid_request` */
export function deadlineOf(headers: IncomingHttpHeaders): number | undefined {
  const text = one(headers['x-sluice-timeout-ms']);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) refuse('x-sluice-timeout-ms', 'a whole number of milliseconds');
  return Number(text);
}
