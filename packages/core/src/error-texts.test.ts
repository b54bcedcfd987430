import { describe, expect, it } from '@jest/globals';
import { errorTexts } from './error-texts.ts';

/** Arguments of the functions with parameters that are not names. */
const ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  methodNotAllowed: ['/p', 'PUT', ['GET']],
  routeNotServed: ['Call the provider directly.'],
};

const SAMPLES = Object.entries(errorTexts).map(([name, text]): [string, string] => {
  if (typeof text === 'string') return [name, text];
  const names = Array.from({ length: text.length }, (_, n) => `p${n}`);
  return [name, Reflect.apply(text, undefined, ARGUMENTS[name] ?? names)];
});

describe('errorTexts', () => {
  it.each(SAMPLES)('has a complete sentence in %s', (_name, text) => {
    expect(text).toMatch(/^[A-Z'/p].*\.$/s);
    expect(text).not.toMatch(/undefined|\[object|\n/);
  });

  it('names the provider in the text of a timeout', () => {
    expect(errorTexts.providerStopped('openai')).toBe('The provider openai stopped sending before the answer was complete.');
  });

  it('suggests a path in the text of an unknown route if there is a similar one', () => {
    expect(errorTexts.unknownRoute('/v1/models')).toBe('There is no such route. Use /v1/models.');
    expect(errorTexts.unknownRoute(undefined)).toBe('There is no such route.');
  });
});
