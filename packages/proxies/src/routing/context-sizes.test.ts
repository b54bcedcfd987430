import { describe, expect, it } from '@jest/globals';
import { hasMoreContext, tooSmall } from './context-sizes.ts';
import type { Model, Target } from './model.ts';

const target = (name: string, contextTokens?: number): Target => ({
  ...{ name, provider: name, model: 'm', weight: 1, contextTokens },
  service: { complete: () => Promise.reject(new Error('not called')) },
});
const model = (...targets: Target[]): Model => ({ name: 'm', strategy: 'priority', targets });

describe('hasMoreContext', () => {
  it.each([
    [128_000, 200_000, true],
    [128_000, 128_000, false],
    [128_000, 32_000, false],
    [undefined, 32_000, true],
    [128_000, undefined, true],
  ])('compares a model of %p tokens with a candidate of %p: hasMoreContext is %p', (size, candidate, expected) => {
    expect(hasMoreContext(model(target('b', candidate)), model(target('a', size)))).toBe(expected);
  });
});

describe('tooSmall', () => {
  const [small, same, large, unknown] = [target('small', 10), target('same', 100), target('large', 1_000), target('unknown')];
  const all = model(small, same, large, unknown);
  const failed = (one: Target, kind: 'context_length' | 'server_error') => new Map([[one, { failure: { kind } }]]);

  it('lists targets without a known larger context than the one that found the prompt too long', () => {
    expect(tooSmall(all, failed(same, 'context_length'))).toEqual([small, same, unknown]);
    expect(tooSmall(all, failed(unknown, 'context_length'))).toEqual([small, same, large, unknown]);
  });

  it('omits targets of unknown size when fallbackOn contains context_length', () => {
    const wanted: Model = { ...all, fallbackOn: ['context_length'] };
    expect(tooSmall(wanted, failed(same, 'context_length'))).toEqual([small, same]);
    expect(tooSmall(wanted, failed(unknown, 'context_length'))).toEqual([]);
  });

  it('lists no targets when the failure was not about the context length', () => {
    expect(tooSmall(all, failed(same, 'server_error'))).toEqual([]);
  });
});
