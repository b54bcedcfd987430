import { describe, expect, it } from '@jest/globals';
import { matchesAny } from './name-pattern.ts';

describe('matchesAny', () => {
  it.each([
    [['fast'], 'fast', true],
    [['fast'], 'faster', false],
    [['openai/*'], 'openai/gpt-4o', true],
    [['openai/*'], 'openai', false],
    [['openai/gpt-*-mini'], 'openai/gpt-4o-mini', true],
    [['*'], 'anything/at:all', true],
    [['a.b'], 'axb', false],
    [['a.*'], 'a.b', true],
    [['(*)'], '(x)', true],
    [[], 'fast', false],
  ])('%j and %s: %s', (patterns, name, expected) => {
    expect(matchesAny(patterns, name)).toBe(expected);
  });

  it('is quick for a long name and many stars', () => {
    const before = performance.now();
    expect(matchesAny(['a*b*c*d*'], `${'a'.repeat(250)}!`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(100);
  });
});
