import { describe, expect, it } from '@jest/globals';
import { credentialOf, deadlineOf, preferencesOf, requestIdOf, traceparentOf } from './call-headers.ts';

describe('call headers', () => {
  it.each([
    [{ authorization: 'Bearer k1' }, '/v1/x', 'k1'],
    [{ authorization: 'bearer  k1 ' }, '/v1/x', 'k1'],
    [{ authorization: 'Basic abc' }, '/v1/x', 'Basic abc'],
    [{ 'x-api-key': 'k2' }, '/v1/x', 'k2'],
    [{ 'x-goog-api-key': 'k3' }, '/v1/x', 'k3'],
    [{}, '/v1/x?a=1&key=k4', 'k4'],
    [{}, '/v1/x?monkey=k5', undefined],
    [{ authorization: 'Bearer k1', 'x-api-key': 'k2' }, '/v1/x?key=k4', 'k1'],
    [{}, '/v1/x', undefined],
  ])('reads from %j of %s the key %s', (headers, target, key) => {
    expect(credentialOf(headers, target)).toBe(key);
  });

  it('accepts only a request id and a trace that are safe in a log', () => {
    expect(requestIdOf({ 'x-request-id': 'a-1' })).toBe('a-1');
    for (const id of ['', 'a b', 'a"', 'é', 'x'.repeat(129)]) expect(requestIdOf({ 'x-request-id': id })).toBeUndefined();
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(traceparentOf({ traceparent: good })).toBe(good);
    for (const bad of ['', good.toUpperCase(), `${good}0`, good.replace(/4bf9\w+/, '0'.repeat(32))]) {
      expect(traceparentOf({ traceparent: bad })).toBeUndefined();
    }
  });

  it('reads the preferences and the deadline of a call', () => {
    expect(
      preferencesOf({
        'x-sluice-optimize-for': 'speed',
        'cache-control': 'No-Cache, max-age=60, private, only-if-cached, no-store',
        'x-sluice-cache-ttl': '5',
        'x-sluice-cache-namespace': 'n.1',
        'x-sluice-tags': 'team=search, stage = test',
      }),
    ).toEqual({
      optimizeFor: 'speed',
      cache: { noCache: true, noStore: true, onlyIfCached: true, maxAgeS: 60, ttlS: 5, namespace: 'n.1' },
      tags: { team: 'search', stage: 'test' },
    });
    expect(deadlineOf({ 'x-sluice-timeout-ms': '1500' })).toBe(1_500);
    expect(deadlineOf({})).toBeUndefined();
  });

  it('reads the directives of the cache tiers', () => {
    expect(
      preferencesOf({
        'cache-control': 'stale-while-revalidate=60, stale-if-error=3600',
        'x-sluice-cache-mode': 'near',
        'x-sluice-cache-min-similarity': '0.95',
        'x-sluice-cache-tags': 'docs, v1, docs',
        'x-sluice-coalesce': 'on',
        'x-sluice-cache-feedback': 'wrong',
        'x-sluice-cache-entry': 'abc',
      }).cache,
    ).toEqual({
      ...{ staleWhileRevalidateS: 60, staleIfErrorS: 3_600, mode: 'near', minSimilarity: 0.95, tags: ['docs', 'v1'] },
      ...{ coalesce: true, feedback: { entry: 'abc', isRight: false } },
    });
  });

  it.each([
    [{ 'x-sluice-optimize-for': 'weighted' }, 'x-sluice-optimize-for'],
    [{ 'cache-control': 'max-age=soon' }, 'cache-control'],
    [{ 'x-sluice-cache-ttl': '-1' }, 'x-sluice-cache-ttl'],
    [{ 'x-sluice-cache-namespace': 'a:b' }, 'x-sluice-cache-namespace'],
    [{ 'cache-control': 'stale-if-error=-1' }, 'cache-control'],
    [{ 'x-sluice-cache-mode': 'fuzzy' }, 'x-sluice-cache-mode'],
    [{ 'x-sluice-cache-min-similarity': '1.5' }, 'x-sluice-cache-min-similarity'],
    [{ 'x-sluice-cache-tags': 'a b' }, 'x-sluice-cache-tags'],
    [{ 'x-sluice-coalesce': 'yes' }, 'x-sluice-coalesce'],
    [{ 'x-sluice-cache-feedback': 'bad', 'x-sluice-cache-entry': 'abc' }, 'x-sluice-cache-feedback'],
    [{ 'x-sluice-cache-feedback': 'wrong' }, 'x-sluice-cache-entry'],
    [{ 'x-sluice-tags': 'a=\u0007' }, 'x-sluice-tags'],
    [{ 'x-sluice-tags': '__proto__=1' }, 'x-sluice-tags'],
    [{ 'x-sluice-tags': Array.from({ length: 17 }, (_, n) => `t${n}=1`).join(',') }, 'x-sluice-tags'],
  ])('refuses the headers %j, naming the header', (headers, param) => {
    expect(() => preferencesOf(headers)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  it.each(['0', '-5', '1.5', 'soon', ''])('refuses a deadline of %j', (text) => {
    expect(() => deadlineOf({ 'x-sluice-timeout-ms': text })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
