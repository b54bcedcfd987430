import { errorTexts, LlmError } from '@sluice/core';

/** Path prefixes before a model name. An encoded slash is allowed only after one of them. */
const BEFORE_A_MODEL =
  /^\/(?:v1\/models|v1beta|v1alpha|openai\/deployments|(?:v1|v1beta1?)\/(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models)\//;

/**
 * Returns a request's target with its path in canonical form: each segment decoded once and encoded again. Routes and the
 * `routes` of a key are compared with this form, so that no spelling of a path bypasses a rule. The query is returned
 * unchanged.
 *
 * @throws LlmError `invalid_request` for a path that servers interpret differently: dot segments, empty segments, backslashes,
 * semicolons and NUL in any encoding, double encoding, and an encoded slash outside a model name
 */
export function canonicalTarget(target: string): string {
  if (!target.startsWith('/') || target.startsWith('//')) {
    throw new LlmError('invalid_request', errorTexts.targetNotPath);
  }
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  if (path.includes('//')) {
    throw new LlmError('invalid_request', errorTexts.pathHasEmptySegment);
  }
  refuseAmbiguous(path);
  if (!path.includes('%')) return target;
  const segments = path.split('/').map(decodedOnce);
  const decoded = segments.join('/');
  refuseAmbiguous(decoded);
  if (decoded.includes('//') || decoded.includes('%')) refusePath();
  const slash = path.toLowerCase().indexOf('%2f');
  if (slash !== -1 && !BEFORE_A_MODEL.test(path.slice(0, slash))) refusePath();
  const canonical = segments.map(encodeSegment).join('/');
  return end === -1 ? canonical : canonical + target.slice(end);
}

/** @throws LlmError `invalid_request` */
function decodedOnce(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new LlmError('invalid_request', errorTexts.pathNotEncoded, { cause });
  }
}

/** Encodes a segment. A colon is not encoded: it precedes Gemini's actions (`models/x:generateContent`). */
const encodeSegment = (segment: string): string => encodeURIComponent(segment).replaceAll('%3A', ':').replaceAll('%40', '@');

function refuseAmbiguous(path: string): void {
  if (path.includes('/.') || path.includes('\\') || path.includes(';') || path.includes('\0')) refusePath();
}

function refusePath(): never {
  throw new LlmError('invalid_request', errorTexts.pathAmbiguous);
}
