import { describe, expect, it } from '@jest/globals';
import { suggestedPath } from './suggested-path.ts';

const KNOWN = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/messages',
  '/v1/models',
  '/v1beta/models/x:generateContent',
]);
const known = (path: string) => KNOWN.has(path);

describe('suggestedPath', () => {
  it.each([
    ['/v1/chat/completions/', '/v1/chat/completions'],
    ['/v1/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/v1/v1/messages', '/v1/messages'],
    ['/chat/completions', '/v1/chat/completions'],
    ['/api/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions/chat/completions', '/v1/chat/completions'],
    ['/V1/Chat/Completions', '/v1/chat/completions'],
    ['/v1/v1beta/models/x:generateContent', '/v1beta/models/x:generateContent'],
    ['/models/x:generateContent', '/v1beta/models/x:generateContent'],
  ])('suggests for %s the path %s', (path, suggestion) => {
    expect(suggestedPath(path, known)).toBe(suggestion);
  });

  it.each(['/admin/v1/keys', '/', '/x', `${'/v1'.repeat(500)}/models`])('suggests nothing for %s', (path) => {
    expect(suggestedPath(path, known)).toBeUndefined();
  });
});
