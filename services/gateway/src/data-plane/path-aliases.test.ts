import { describe, expect, it } from '@jest/globals';
import { servedTarget } from './path-aliases.ts';

describe('servedTarget', () => {
  it.each([
    ['/openai/v1/chat/completions', '/v1/chat/completions'],
    ['/openai/responses?api-version=2025-03-01-preview', '/v1/responses'],
    ['/openai/files?limit=5&api-version=preview', '/v1/files?limit=5'],
    ['/v1beta/openai/chat/completions', '/v1/chat/completions'],
    ['/v1alpha/openai/models', '/v1/models'],
    ['/v1alpha/openai/gpt-5:generateContent', '/v1beta/openai/gpt-5:generateContent'],
    ['/v1alpha/models/x:generateContent?alt=sse', '/v1beta/models/x:generateContent?alt=sse'],
    ['/v1beta1/publishers/google/models/x:generateContent', '/v1beta/models/x:generateContent'],
    ['/v1/projects/p/locations/l/publishers/google/models/x:countTokens', '/v1beta/models/x:countTokens'],
  ])('maps the alias %s to %s', (target, served) => {
    expect(servedTarget(target)).toBe(served);
  });

  it.each([
    '/v1/chat/completions',
    '/openai/deployments/x/chat/completions?api-version=1',
    '/v1beta1/projects/p/locations/l/publishers/anthropic/models/x:rawPredict',
    '/v1/models/openai/gpt',
    '/v1beta/openai/gpt-5:streamGenerateContent?alt=sse',
    '/',
  ])('returns %s unchanged', (target) => {
    expect(servedTarget(target)).toBe(target);
  });
});
