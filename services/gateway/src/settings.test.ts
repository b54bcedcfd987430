import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '@sluice/config';
import { readSettings } from './settings.ts';

const admin = { SLUICE_ADMIN_KEY: 'an-admin-key', OPENAI_API_KEY: 'sk-of-openai' };

describe('settings', () => {
  it('are those of the demonstration where nothing is said', () => {
    expect(readSettings({})).toMatchObject({
      demo: true,
      host: '127.0.0.1',
      port: 8080,
      adminPort: 8081,
      adminKey: 'sk-sluice-admin-demo',
      redis: undefined,
    });
  });

  it('are no demonstration where a provider’s key is in the environment', () => {
    expect(readSettings(admin)).toMatchObject({ demo: false, adminKey: 'an-admin-key', config: { keys: [] } });
  });

  it('find Redis, one, as a Cluster and behind Sentinels', () => {
    const redisOf = (environment: Record<string, string>) => readSettings({ ...admin, ...environment }).redis;
    const url = 'redis://one:6379';
    expect(redisOf({ REDIS_URL: url })).toEqual({ state: { kind: 'single', url } });
    expect(redisOf({ REDIS_URL: url, REDIS_CACHE_URL: url })).toEqual({ state: { kind: 'single', url } });
    expect(redisOf({ REDIS_URL: url, REDIS_CACHE_URL: 'rediss://two:6379' })).toEqual({
      state: { kind: 'single', url },
      cache: { kind: 'single', url: 'rediss://two:6379' },
    });
    expect(redisOf({ REDIS_CLUSTER: 'a:1, b:2', REDIS_PASSWORD: 'p' })).toEqual({
      state: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        password: 'p',
      },
    });
    expect(redisOf({ REDIS_SENTINEL: 'a:1', REDIS_SENTINEL_NAME: 'main' })).toMatchObject({
      state: { kind: 'sentinel', name: 'main' },
    });
  });

  it.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ ADMIN_PORT: '65536' }, 'ADMIN_PORT'],
    [{ REDIS_URL: 'one:6379' }, 'REDIS_URL'],
    [{ REDIS_URL: 'redis://one', REDIS_CLUSTER: 'a:1' }, 'REDIS_URL and REDIS_CLUSTER'],
    [{ REDIS_CACHE_URL: 'redis://one' }, 'REDIS_CACHE_URL'],
    [{ REDIS_CLUSTER: 'a' }, 'REDIS_CLUSTER'],
    [{ REDIS_SENTINEL: 'a:1' }, 'REDIS_SENTINEL_NAME'],
    [{ SLUICE_ADMIN_KEY: '' }, 'SLUICE_ADMIN_KEY'],
    [{ SLUICE_CONFIG: '/nowhere/sluice.yaml' }, '/nowhere/sluice.yaml: cannot be read'],
  ])('%j are refused with the name of what is wrong', (environment, name) => {
    expect(() => readSettings({ ...admin, ...environment })).toThrow(ConfigError);
    expect(() => readSettings({ ...admin, ...environment })).toThrow(name);
  });

  it('that nobody could call are refused', () => {
    expect(() => readSettings({ OPENAI_API_KEY: 'sk-of-openai' })).toThrow('nobody could call this gateway');
  });
});
