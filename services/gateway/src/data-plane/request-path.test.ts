import { describe, expect, it } from '@jest/globals';
import { canonicalTarget } from './request-path.ts';

describe('canonicalTarget', () => {
  it.each([
    ['/v1/models', '/v1/models'],
    ['/v1/models/a%2Fb', '/v1/models/a%2Fb'],
    ['/v1/models/a%2fb?x=%2F', '/v1/models/a%2Fb?x=%2F'],
    ['/v1/%6dessages', '/v1/messages'],
    ['/v1beta/models/a%2Fb%3AgenerateContent?alt=sse', '/v1beta/models/a%2Fb:generateContent?alt=sse'],
    ['/openai/deployments/a%2Fb/chat/completions', '/openai/deployments/a%2Fb/chat/completions'],
    ['/v1/models/caf%C3%A9', '/v1/models/caf%C3%A9'],
    ['/v1/files?q=../..', '/v1/files?q=../..'],
  ])('converts %s to the canonical form %s', (target, canonical) => {
    expect(canonicalTarget(target)).toBe(canonical);
    // a canonical path is unchanged
    expect(canonicalTarget(canonical)).toBe(canonical);
  });

  it.each([
    ['a dot segment', '/v1/../admin/v1/keys'],
    ['an encoded dot segment', '/v1/%2e%2e/admin/v1/keys'],
    ['a partly encoded dot segment', '/v1/models/.%2e'],
    ['a dot segment after an encoded slash', '/v1/models/a%2F..%2Fb'],
    ['a dot segment before an encoded slash', '/v1/models/..%2Fadmin'],
    ['a double-encoded dot segment', '/v1/models/%252e%252e'],
    ['an encoded percent sign', '/v1/models/a%25b'],
    ['an empty segment', '/v1//models'],
    ['an empty segment from an encoded slash', '/v1/models/%2Fx'],
    ['an encoded slash in a file id', '/v1/files/a%2Fb'],
    ['an encoded slash between segments of a route', '/v1%2Fmodels'],
    ['an encoded slash instead of the first one', '/v1beta%2Fmodels/x'],
    ['a backslash', '/v1\\models'],
    ['an encoded backslash', '/v1/models/a%5Cb'],
    ['an encoded NUL', '/v1/models/%00'],
    ['a semicolon', '/v1/models;x'],
    ['an encoded semicolon', '/v1/models%3Bx'],
    ['an invalid encoding', '/v1/models/%zz'],
    ['invalid UTF-8', '/v1/models/%ff'],
    ['an absolute form', 'http://evil.example/v1/models'],
    ['a network path', '//evil.example/v1/models'],
  ])('refuses a path with %s', (_what, target) => {
    expect(() => canonicalTarget(target)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
