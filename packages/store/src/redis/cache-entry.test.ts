import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { CacheEntry } from '../ports/index.ts';
import { decodeEntry, encodeEntry, headOf } from './cache-entry.ts';

const head = {
  ...{ contentType: 'application/json', streamed: false, provider: 'p', providerModel: 'm' },
  ...{ storedAtMs: 1, expiresAtMs: 2 },
};
const entry = (body: Uint8Array): CacheEntry => ({ ...head, body });

describe('the stored form of a cache entry', () => {
  it.each([
    ['a short response', Buffer.from('{"a":1}'), false],
    ['a long text', Buffer.from('The quick brown fox. '.repeat(1_000)), true],
    ['a text that another thread compresses', Buffer.from('The quick brown fox. '.repeat(10_000)), true],
    ['bytes that cannot be compressed', randomBytes(20_000), false],
    ['an empty response', Buffer.alloc(0), false],
  ])('keeps %s byte for byte', async (_what, body, isShorter) => {
    const stored = await encodeEntry(entry(body));
    expect(stored.length < body.length).toBe(isShorter);
    const read = await decodeEntry(stored);
    expect(Buffer.from(read?.body ?? []).equals(body)).toBe(true);
    expect(read).toEqual({ ...head, body: expect.anything() });
    expect(headOf(stored)).toEqual(head);
  });

  it.each([
    ['no line', 'text'],
    ['no JSON', 'text\nbody'],
    ['no object', 'null\nbody'],
    ['no content type', `${JSON.stringify({ ...head, contentType: undefined })}\nbody`],
    ['a content type that is no text', `${JSON.stringify({ ...head, contentType: 5 })}\nbody`],
    ['no form', `${JSON.stringify({ ...head, streamed: undefined })}\nbody`],
    ['no time', `${JSON.stringify({ ...head, storedAtMs: undefined })}\nbody`],
    ['a damaged compressed body', `${JSON.stringify({ ...head, encoding: 'zstd' })}\nbody`],
  ])('reads nothing from a value with %s', async (_what, value) => {
    expect(await decodeEntry(Buffer.from(value))).toBeUndefined();
  });
});
