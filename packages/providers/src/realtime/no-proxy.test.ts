import { describe, expect, it } from '@jest/globals';
import { isExcepted } from './no-proxy.ts';

describe('isExcepted', () => {
  it.each([
    ['', 'api.example.com', 443, false],
    ['*', 'api.example.com', 443, true],
    ['api.example.com', 'api.example.com', 443, true],
    ['example.com', 'api.example.com', 443, true],
    ['.example.com', 'api.example.com', 443, true],
    ['*.example.com', 'api.example.com', 443, true],
    ['ample.com', 'api.example.com', 443, false],
    ['localhost, API.example.com', 'api.example.com', 443, true],
    ['api.example.com:8443', 'api.example.com', 443, false],
    ['api.example.com:443', 'api.example.com', 443, true],
    ['10.0.0.1', '10.0.0.1', 80, true],
  ])('matches NO_PROXY %j with %s:%i: %s', (except, host, port, expected) => {
    expect(isExcepted(except, host, port)).toBe(expected);
  });
});
