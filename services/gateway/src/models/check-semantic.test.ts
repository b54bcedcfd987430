import { describe, expect, it } from '@jest/globals';
import { type ConfigFile, checkConfig } from '@sluice/config';
import { checkSemantic } from './check-semantic.ts';

const check = (config: ConfigFile) => () => checkSemantic(checkConfig(config, 'test'), (name) => name === 'known');
const key = { name: 'a', secret: 'secret-a' };

describe('checkSemantic', () => {
  it.each<[ConfigFile, string]>([
    [{ cache: { semantic: { embeddings: 'other' } } }, "cache.semantic.embeddings: there is no model 'other'"],
    [
      { cache: { semantic: { embeddings: 'known', judge: { by: 'model', model: 'other' } } } },
      "cache.semantic.judge.model: there is no model 'other'",
    ],
    [{ keys: [key, { ...key, name: 'b', secret: 'secret-b', cache: { semantic: true } }] }, 'keys[1].cache.semantic: needs'],
    [
      { models: { m: { targets: [{ provider: 'p', model: 'm' }], cache: { semantic: true } } } },
      'models.m.cache.semantic: needs the section cache.semantic',
    ],
  ])('refuses %j and names the field', (config, message) => {
    expect(check(config)).toThrow(message);
  });

  it('accepts known models, and a configuration without the tier', () => {
    expect(check({})).not.toThrow();
    expect(check({ cache: { semantic: { embeddings: 'known', judge: { by: 'model', model: 'known' } } } })).not.toThrow();
  });
});
