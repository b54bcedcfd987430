import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { demoConfig } from './demo.ts';
import { ConfigError, checkConfig, loadConfigFile, parseConfig } from './load.ts';

const parse = (text: string, environment = {}) => parseConfig(text, 'sluice.yaml', environment);
const refusal = (text: string, environment = {}): string => {
  try {
    parse(text, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('it was not refused');
};

describe('checkConfig', () => {
  it('reads a configuration with units, and applies the documented defaults', () => {
    const config = parse(`
providers: { up: { baseUrl: "http://up:8000/v1", idleTimeout: 5s } }
models:
  fast: { targets: [{ provider: up, model: m, price: { input: 0.15, output: 0.6 } }] }
keys: [{ name: a, secret: secret-of-a, limits: { requests: 60/min, concurrent: 8 } }]
cache: { exact: { ttl: 1h }, maxEntry: 2MiB }
`);
    expect(config.providers['up']).toEqual({ baseUrl: 'http://up:8000/v1', idleTimeout: 5_000 });
    expect(config.models['fast']).toMatchObject({ strategy: 'priority', targets: [{ weight: 1, timeout: 120_000 }] });
    expect(config.keys[0]?.limits).toEqual({ requests: { limit: 60, windowMs: 60_000 }, concurrent: 8 });
    expect(config.cache).toEqual({
      exact: { ttl: 3_600_000 },
      near: { mode: 'shadow', turns: 0, maxTemperature: 0.7, maxCharacters: 500 },
      coalesce: false,
      maxEntry: 2_097_152,
      sharedBetweenTenants: false,
    });
    expect(config).toMatchObject({
      audit: { content: false },
      redis: { prefix: 'sluice', timeout: 50 },
      limits: { body: 10_485_760 },
    });
  });

  it('accepts an empty configuration', () => {
    expect(parse('')).toMatchObject({ providers: {}, models: {}, keys: [] });
  });

  it('replaces variables of the environment, also inside a text, and replaces nothing in their values', () => {
    const text = 'providers: { openai: { apiKey: "${KEY}" }, up: { baseUrl: "https://${HOST}/v1", apiKey: "$${KEY}" } }';
    const { providers } = parse(text, { KEY: 'value with ${HOST}', HOST: 'up.example' });
    expect(providers['openai']).toMatchObject({ apiKey: 'value with ${HOST}' });
    expect(providers['up']).toMatchObject({ baseUrl: 'https://up.example/v1', apiKey: '${KEY}' });
  });

  it.each([
    ['models: { a: { targts: [] } }', 'sluice.yaml: models.a'],
    ['model: {}', "sluice.yaml: unknown field 'model'"],
    ['models: { a: { targets: [] } }', 'sluice.yaml: models.a.targets'],
    ['models: { a: { targets: [{ provider: p, model: 7 }] } }', 'sluice.yaml: models.a.targets[0].model'],
    ['keys: [{ name: a, secret: secret-a, limits: { requests: 60 } }]', 'sluice.yaml: keys[0].limits.requests'],
    ['keys: [{ name: a, secret: secret-a, limits: { requests: 60/fortnight } }]', 'expected a limit such as 60/min'],
    ['cache: { exact: { ttl: soon } }', 'sluice.yaml: cache.exact.ttl: expected a duration'],
    ['cache: { near: { mode: on } }', 'sluice.yaml: cache.near.mode'],
    ['cache: { semantic: { embeddings: e, maxErrors: 0.1% } }', 'cache.semantic.maxErrors: expected at least 0.2%'],
    ['cache: { semantic: { embeddings: e, judge: { by: model } } }', 'cache.semantic.judge.model'],
    ['cache: { semantic: { embeddings: e, explore: often } }', 'cache.semantic.explore: expected a share such as 2%'],
    ['limits: { body: ten }', 'sluice.yaml: limits.body'],
    ['providers: { up: { baseUrl: "ftp://up" } }', 'sluice.yaml: providers.up.baseUrl'],
    ['providers: { up: { dialect: simulated } }', 'sluice.yaml: providers.up.latency'],
    [
      'providers: { up: { apiKey: "${NOT_THERE}" } }',
      'sluice.yaml: providers.up.apiKey: the environment has no variable NOT_THERE',
    ],
    ['keys: [{ name: a, secret: secret-a }, { name: a, secret: secret-b }]', 'keys[1].name: another key has this name'],
    ['keys: [{ name: a, secret: secret-a }, { name: b, secret: secret-a }]', 'keys[1].secret: another key has this secret'],
    [
      'keys: [{ name: a, secret: secret-a, allowedIps: [10.0.0.0/40] }]',
      'keys[0].allowedIps[0]: expected an address or a network',
    ],
    ['keys: [{ name: a, secret: secret-a, routes: [chat] }]', 'keys[0].routes[0]: expected a path'],
    ['keys: [{ name: a, secret: secret-a, tags: { "a,b": c } }]', 'keys[0].tags.a,b'],
    ['keys: [{ name: a, secret: secret-a, limits: { requests: [5/min, 6/60s] } }]', 'keys[0].limits.requests'],
    ['keys: [{ name: a, secret: secret-a, budget: [5 USD/day, 6 USD/day] }]', 'keys[0].budget'],
    [
      'admins: [{ name: a, secret: a-secret-of-an-admin, role: team }]',
      "admins[0].team: an administrator with the role 'team' needs a team",
    ],
    ['admins: [{ name: a, secret: short, role: owner }]', 'admins[0].secret: expected 6'],
    [
      'keys: [{ name: a, secret: a-secret-of-an-admin }]\nadmins: [{ name: a, secret: a-secret-of-an-admin, role: owner }]',
      'admins[0].secret: a key or another administrator has this secret already',
    ],
    ['jwt: [{ name: l, issuer: i, audience: a, jwks: "https://l/jwks" }]', 'jwt[0].tenant: is needed where no teamClaim'],
    ['jwt: [{ name: l, issuer: i, audience: a, jwks: "file:///etc/keys", tenant: t }]', 'jwt[0].jwks'],
    ['audit: { drain: { webhook: { url: "http://x", secret: short } } }', 'audit.drain.webhook.secret: expected 16 characters'],
    [
      'keys: [{ name: a, secret: secret-a, metadata: { __proto__: x } }]',
      'sluice.yaml: keys[0].metadata.__proto__: is not a name',
    ],
    ['models: {', 'sluice.yaml:1:'],
    ['a: 1\na: 2', 'sluice.yaml:2:1:'],
  ])('refuses the configuration %s, and names the field and the expected value', (text, expected) => {
    expect(refusal(text)).toContain(expected);
  });

  it('shows no value in an error message, because a value may be a secret', () => {
    const message = refusal('keys: [{ name: "x y", secret: "s p a c e d" }]\nproviders: { p: { apiKey: [top-secret] } }');
    for (const secret of ['s p a c e d', 'top-secret']) expect(message).not.toContain(secret);
  });

  it('accepts the configuration of the demonstration', () => {
    expect(checkConfig(demoConfig, 'built-in').models['demo']?.targets).toHaveLength(3);
  });

  describe('readConfig', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    it('names the file in the error of an invalid configuration', () => {
      const file = join(folder, 'mine.yaml');
      writeFileSync(file, 'modles: {}');
      expect(() => loadConfigFile(file, {})).toThrow(`${file}: unknown field 'modles'`);
      expect(() => loadConfigFile(join(folder, 'none.yaml'), {})).toThrow('none.yaml: cannot be read (ENOENT)');
    });
  });
});
