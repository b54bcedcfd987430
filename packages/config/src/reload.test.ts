import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './load.ts';
import { parseChangedConfig, restartRequired, withStartValues } from './reload.ts';

const FILE = `
providers: { up: { baseUrl: "http://up:8000/v1" } }
models: { fast: { targets: [{ provider: up, model: m }] } }
keys: [{ name: a, secret: secret-of-a }]
`;
const inUse = parseConfig(FILE, 'sluice.yaml', {});
const changed = (text: string) => parseChangedConfig(text, 'sluice.yaml', {}, inUse);

describe('a changed configuration', () => {
  it.each([
    ['', 'empty'],
    ['\n\n', 'blank lines'],
    ['# all of it\n--- # removed\n', 'comments'],
  ])('refuses an empty file: %j', (text) => {
    expect(() => changed(text)).toThrow('sluice.yaml: is empty');
  });

  it.each([
    ['keys', FILE.replace(/keys.*/, '')],
    ['models', FILE.replace(/models.*/, '')],
    ['models and no providers', FILE.replace(/(models|providers).*/g, '')],
    ['keys and no models and no providers', '{}'],
  ])('refuses a file that loses all %s', (lost, text) => {
    expect(() => changed(text)).toThrow(`sluice.yaml: has no ${lost} any more`);
    expect(changed(`${text === '{}' ? '' : text}\nreload: { allowEmpty: true }`).reload.allowEmpty).toBe(true);
  });

  it('accepts a file that loses some keys', () => {
    expect(changed(FILE.replace('name: a', 'name: b')).keys).toHaveLength(1);
  });

  it('names the changed fields that take effect only after a restart, and keeps their values', () => {
    const other = parseConfig(
      `${FILE}\nredis: { timeout: 70ms, cacheTimeout: 20ms, maxReplicas: 4 }\naudit: { keep: 5, shards: 4, content: true }`,
      'f',
      {},
    );
    expect(restartRequired(inUse, inUse)).toEqual([]);
    expect(restartRequired(inUse, other)).toEqual(['redis.timeout', 'redis.cacheTimeout', 'audit.keep', 'audit.shards']);
    const effective = withStartValues(inUse, other);
    expect(effective.redis).toEqual({ prefix: 'sluice', timeout: 50, maxReplicas: 4 });
    expect(effective.audit).toMatchObject({ keep: 100_000, shards: 16, content: true });
    expect(restartRequired(inUse, effective)).toEqual([]);
  });
});
