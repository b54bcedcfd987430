import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}

/** At least one request per route. Each response must match the document. */
const REQUESTS: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', '/stats'],
  ['GET', '/audit'],
  ['GET', '/audit?limit=1&outcome=answered'],
  ['GET', '/audit?limit=0'],
  ['GET', '/changes?kind=key'],
  ['GET', '/usage?by=day,model'],
  ['GET', '/usage?by=colour'],
  ['GET', '/usage?format=csv'],
  ['POST', '/tenants', { name: 'acme', budget: '100 USD/month', metadata: { owner: 'ann' } }],
  ['GET', '/tenants'],
  ['GET', '/tenants/acme'],
  ['PATCH', '/tenants/acme', { limits: { requests: '100/min' } }],
  ['POST', '/tenants/acme/block'],
  ['POST', '/tenants/acme/unblock'],
  ['POST', '/teams', { name: 'web', tenant: 'acme' }],
  ['POST', '/teams', { name: 'web', tenant: 'acme' }],
  ['GET', '/teams?limit=1'],
  ['GET', '/teams/web'],
  ['GET', '/teams/nobody'],
  ['PATCH', '/teams/web', { budget: '5 USD/day soft' }],
  ['POST', '/teams/web/block'],
  ['POST', '/teams/web/unblock'],
  [
    'POST',
    '/keys',
    { name: 'app', team: 'web', models: ['plain'], users: { limits: { requests: '5/min' } }, tags: { stage: 'test' } },
  ],
  ['POST', '/keys', { name: 'app' }],
  ['POST', '/keys', { name: 'a:b' }],
  ['GET', '/keys'],
  ['GET', '/keys/app'],
  ['PATCH', '/keys/app', { limits: { tokens: '1000/h' } }],
  ['PATCH', '/keys/configured', { limits: { tokens: '1000/h' } }],
  ['POST', '/keys/app/block'],
  ['POST', '/keys/app/unblock'],
  ['POST', '/keys/app/rotate', { grace: 'none' }],
  ['DELETE', '/teams/web'],
  ['DELETE', '/keys/app'],
  ['DELETE', '/keys/nobody'],
  ['DELETE', '/teams/web'],
  ['DELETE', '/tenants/acme'],
  ['GET', '/admins/me'],
  ['POST', '/admins', { name: 'ann', role: 'operator' }],
  ['GET', '/admins'],
  ['GET', '/admins/ann'],
  ['PATCH', '/admins/ann', { role: 'viewer' }],
  ['POST', '/admins/ann/rotate'],
  ['DELETE', '/admins/ann'],
  ['GET', '/cache?tenant=configured'],
  ['GET', '/cache/KEY?tenant=configured'],
  ['DELETE', '/cache/KEY?tenant=configured'],
  ['GET', '/cache/nothing?tenant=configured'],
  ['GET', '/cache/semantic?tenant=configured'],
  ['POST', '/cache/semantic/reset'],
  ['DELETE', '/cache?tenant=configured'],
  ['DELETE', '/cache'],
  ['GET', '/providers'],
  ['GET', '/config'],
  ['GET', '/openapi.json'],
];

describe('the OpenAPI document of a live gateway', () => {
  let replicas: Replicas;
  let document: { openapi: string; paths: Record<string, Record<string, Operation>> };
  const admin = (method: string, path: string, body?: object) =>
    askAdmin(replicas.gateways[0]?.adminUrl as string, ADMIN_KEY, method, path, body);
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        keys: [{ name: 'configured', secret: 'key-configured' }],
        cache: { exact: { ttl: '1h' } },
      }),
    });
    document = (await admin('GET', '/openapi.json')).json as unknown as typeof document;
  });
  afterAll(() => replicas.stop());

  it('describes the responses to its requests', async () => {
    expect(document.openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const answer = await ask(replicas.gateways[0]?.url as string, chat('plain', 'x'), { key: 'key-configured' });
    const key = encodeURIComponent(answer.headers.get('x-sluice-cache-key') as string);
    const asked = new Set<string>();
    for (const [method, written, body] of REQUESTS) {
      const path = written.replace('KEY', key);
      const given = await admin(method, path, body);
      const [bare = ''] = path.split('?');
      const route =
        Object.keys(document.paths).find((one) => one === `/admin/v1${bare}`) ??
        Object.keys(document.paths).find((one) => new RegExp(`^${one.replace(/\{\w+\}/g, '[^/]+')}$`).test(`/admin/v1${bare}`));
      const operation = document.paths[route ?? '']?.[method.toLowerCase()];
      const response = operation?.responses[given.status];
      expect([method, written, given.status, response !== undefined]).toEqual([method, written, given.status, true]);
      asked.add(`${method} ${route}`);
      const [type = ''] = (given.headers.get('content-type') ?? '').split(';');
      if (response?.content === undefined) {
        expect([method, written, given.text]).toEqual([method, written, '']);
        continue;
      }
      const content = response.content[type];
      expect([method, written, type, content !== undefined]).toEqual([method, written, type, true]);
      if (type !== 'text/csv') {
        const valid = ajv.validate(content?.schema as object, given.json);
        expect([method, written, valid, ajv.errorsText()]).toEqual([method, written, true, 'No errors']);
      }
    }
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    // no route of the document is untested
    expect(all.filter((route) => !asked.has(route))).toEqual([]);
  });
});
