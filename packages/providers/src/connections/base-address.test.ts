import { describe, expect, it } from '@jest/globals';
import { BaseAddress } from './base-address.ts';

describe('BaseAddress', () => {
  it.each([
    ['https://x.example/v1', '/chat/completions', '/v1/chat/completions'],
    ['https://x.example/v1/', '/chat/completions', '/v1/chat/completions'],
    ['https://x.example', '/chat', '/chat'],
    ['https://x.example/v1?api-version=1', '/chat/completions', '/v1/chat/completions?api-version=1'],
    ['https://x.example/v1/?api-version=1&a=%20b', '/chat', '/v1/chat?api-version=1&a=%20b'],
    ['https://x.example/v1?api-version=1', '/m:stream?alt=sse', '/v1/m:stream?alt=sse&api-version=1'],
    // a request cannot replace a configured parameter
    ['https://x.example/v1?api-version=1', '/files?api-version=2&limit=5&api%2Dversion=3', '/v1/files?limit=5&api-version=1'],
  ])('joins the address %s and the path %s to %s', (address, below, path) => {
    expect(new BaseAddress(address).pathOf(below)).toBe(path);
  });

  it('lists names and values of a query that may be secret', () => {
    const { secrets } = new BaseAddress('https://x.example/v1?api-version=1&subscription-key=abc123&sig=xyz');
    expect(secrets).toEqual(['subscription-key', 'abc123', 'sig', 'xyz']);
  });
});
