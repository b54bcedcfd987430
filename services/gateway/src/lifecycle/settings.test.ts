import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '@sluice/config';
import { readSettings } from './settings.ts';

const admin = { SLUICE_ADMIN_KEY: 'an-admin-key', OPENAI_API_KEY: 'sk-of-openai' };

describe('readSettings', () => {
  it('starts the demonstration when nothing is configured', () => {
    expect(readSettings({})).toMatchObject({
      demo: true,
      host: '127.0.0.1',
      port: 8080,
      adminPort: 8081,
      adminKey: 'sk-sluice-admin-demo',
      redis: undefined,
    });
  });

  it("starts no demonstration when the environment contains a provider's key", () => {
    expect(readSettings(admin)).toMatchObject({ demo: false, adminKey: 'an-admin-key', config: { keys: [] } });
  });

  it('reads the Redis settings of a single node, a Cluster and Sentinels', () => {
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
  ])('refuses the environment %j, naming the invalid variable', (environment, name) => {
    expect(() => readSettings({ ...admin, ...environment })).toThrow(ConfigError);
    expect(() => readSettings({ ...admin, ...environment })).toThrow(name);
  });

  it('refuses the demonstration on an address that other machines can reach', () => {
    for (const HOST of ['0.0.0.0', '::', '192.0.2.7', 'gateway.example', '[::]']) {
      expect(() => readSettings({ HOST })).toThrow(
        'HOST: is not a loopback address, and the keys of the demonstration are public',
      );
      expect(() => readSettings({ HOST, SLUICE_ADMIN_KEY: 'a-key-of-my-own-0123' })).toThrow('HOST');
    }
    for (const HOST of ['127.0.0.1', '127.0.0.2', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1']) {
      expect(readSettings({ HOST }).demo).toBe(true);
    }
    expect(readSettings({ ...admin, HOST: '0.0.0.0' }).demo).toBe(false);
  });

  it('refuses public secrets when a port is published to other machines', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
    const file = join(folder, 'sluice.yaml');
    const read = (text: string, environment: Record<string, string>) => {
      writeFileSync(file, text);
      return () => readSettings({ ...admin, SLUICE_CONFIG: file, ...environment });
    };
    const demo = 'keys: [{ name: user123, secret: user123 }]';
    expect(read(demo, { HOST: '0.0.0.0', SLUICE_BIND: '127.0.0.1' })()).toMatchObject({ host: '0.0.0.0' });
    expect(read(demo, { HOST: '0.0.0.0', SLUICE_BIND: '0.0.0.0' })).toThrow('keys[0].secret: is a public key');
    expect(read(demo, { HOST: '0.0.0.0' })).toThrow('keys[0].secret: is a public key');
    const publicAdmin = { HOST: '0.0.0.0', SLUICE_ADMIN_KEY: 'sk-sluice-admin-demo' };
    expect(read('{}', publicAdmin)).toThrow('SLUICE_ADMIN_KEY is the public key');
    const publicRedis = { HOST: '0.0.0.0', REDIS_URL: 'redis://sluice:sluice-redis-of-the-demo@redis-state:6379' };
    expect(read('{}', publicRedis)).toThrow('Redis has the public password');
    expect(read('{}', { HOST: '0.0.0.0' })()).toMatchObject({ host: '0.0.0.0' });
    rmSync(folder, { recursive: true });
  });

  it("finds no secret shorter than 16 characters in shipped files except the demonstration's", () => {
    const text = (file: string) => readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
    const compose = text('docker-compose.yml');
    const defaults = [...compose.matchAll(/\$\{\w*(?:PASSWORD|KEY):-([^}]*)\}/g)].map(([, secret = '']) => secret);
    expect(defaults.length).toBeGreaterThan(4);
    for (const secret of defaults) expect(secret.length).toBeGreaterThanOrEqual(16);
    for (const file of readdirSync(new URL('../../config', import.meta.url))) {
      const secrets = [...text(`services/gateway/config/${file}`).matchAll(/^[^#\n]*secret: ([^ ,}]+)/gm)];
      if (file === 'demo.yaml') expect(secrets).toHaveLength(4);
      else expect(secrets).toEqual([]);
    }
  });

  it('refuses settings without any key to call the gateway with', () => {
    expect(() => readSettings({ OPENAI_API_KEY: 'sk-of-openai' })).toThrow('no client could call this gateway');
  });
});
