import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Returns the rights of the gateway's Redis user, as docker-compose.yml grants them. */
function rules(): string[] {
  const [, text = ''] = /^\s+user sluice on >\S+ (.*)$/m.exec(read('docker-compose.yml')) ?? [];
  return text.split(' ');
}

const VECTORS = /^\+v(?:add|card|sim|rem|randmember)$/;

describe('the rights of the gateway in Redis', () => {
  let server: RedisServer;
  let replicas: Replicas;
  let folder: string;
  beforeAll(async () => {
    ensureRedisServer();
    folder = mkdtempSync(join(tmpdir(), 'sluice-rights-'));
    server = await startRedisServer();
    const root = new Redis(server.url);
    // Redis 7.0 does not have these commands, and the gateway works without them there
    const known = rules().filter((rule) => rule !== '+client|setinfo' && !VECTORS.test(rule));
    await root.call('ACL', 'SETUSER', 'sluice', 'on', '>secret', ...known);
    root.disconnect();
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        redis: { prefix: 'sluice', timeout: '2s' },
        providers: { up: { baseUrl } },
        models: { cent: { targets: [{ provider: 'up', model: 'cent', price: { input: 0, output: 0, request: 0.01 } }] } },
        keys: [
          {
            name: 'app',
            secret: 'key-app',
            limits: { requests: '100/min', tokens: '1000000/h', concurrent: 5 },
            budget: '5 USD/day',
          },
        ],
        cache: { exact: { ttl: '1h' } },
        audit: { drain: { files: { directory: folder } } },
      }),
      redis: `redis://sluice:secret@127.0.0.1:${server.port}`,
    });
  });
  afterAll(async () => {
    await replicas?.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('grants all commands that the gateway uses', async () => {
    const { adminUrl } = replicas.gateways[0] as Replicas['gateways'][number];
    const admin = async (method: string, path: string, body?: object) => {
      const { status, json } = await askAdmin(adminUrl, ADMIN_KEY, method, path, body);
      expect([method, path, status < 300]).toEqual([method, path, true]);
      return json;
    };
    for (let n = 0; n < 20; n++) {
      const { url } = replicas.gateways[n % 2] as Replicas['gateways'][number];
      expect((await ask(url, chat('cent', `${n % 15}`), { key: 'key-app' })).status).toBe(200);
    }
    // long enough for a checkpoint in the store, for the case of a crash
    const { url } = replicas.gateways[0] as Replicas['gateways'][number];
    expect((await ask(url, chat('up/slow+latency=2500', 'x'), { key: 'key-app' })).status).toBe(200);
    await admin('POST', '/tenants', { name: 'acme' });
    await admin('POST', '/teams', { name: 'web', tenant: 'acme', budget: '5 USD/month' });
    const { secret } = await admin('POST', '/keys', { name: 'made', team: 'web', budget: '5 USD' });
    expect(
      (await ask((replicas.gateways[1] as Replicas['gateways'][number]).url, chat('cent', 'x'), { key: String(secret) })).status,
    ).toBe(200);
    await admin('PATCH', '/keys/made', { limits: { requests: '5/min' } });
    for (const verb of ['rotate', 'block', 'unblock']) await admin('POST', `/keys/made/${verb}`);
    await admin('POST', '/admins', { name: 'ann', role: 'viewer' });
    expect((await askAdmin(adminUrl, 'wrong', 'GET', '/keys')).status).toBe(401);
    for (const path of [
      '/keys',
      '/keys/made',
      '/teams',
      '/tenants',
      '/admins',
      '/usage?by=hour',
      '/audit',
      '/audit?after=0-0',
      '/changes',
      '/stats',
    ]) {
      await admin('GET', path);
    }
    const { total } = (await admin('GET', '/cache?tenant=app')) as { total: number };
    expect(total).toBe(16);
    expect(await admin('DELETE', '/cache?model=cent')).toEqual({ removed: 16 });
    await admin('DELETE', '/admins/ann');
    await admin('DELETE', '/keys/made');
    await admin('DELETE', '/teams/web');
    const drained = () =>
      readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean));
    await waitFor(() => drained().length === 22, 'the records to be drained');
    // a replica takes a lease some seconds after the first spending
    await waitFor(async () => {
      const { spending } = (await admin('GET', '/keys/app')) as { spending: { leasedUsd: number } };
      return spending.leasedUsd > 0;
    }, 'a lease');
    for (const { adminUrl: url, output } of replicas.gateways) {
      expect(parseExposition(await (await fetch(`${url}/metrics`)).text()).sum('sluice_degraded', {})).toBe(0);
      expect(output()).not.toMatch(/NOPERM|degraded/);
    }
  }, 180_000);

  it('matches the rights that docs/redis.md lists', () => {
    const commands = rules()
      .filter((rule) => rule.startsWith('+'))
      .map((rule) => rule.slice(1));
    expect(read('docs/redis.md').replace(/\s+/g, ' ')).toContain(`\`${commands.join(' ')}\``);
    expect(commands).not.toContain('@all');
  });
});
