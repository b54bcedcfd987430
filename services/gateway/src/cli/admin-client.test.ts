import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { keySchemas } from '../control-plane/schemas/key-schemas.ts';
import { AdminClient } from './admin-client.ts';
import { EXIT } from './cli-error.ts';

const key = (name: string) => ({ name, tenant: 'acme', status: 'active', limits: { requests: '60/min' } });

describe('AdminClient', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Returns a client of a server that sends the given responses in turn, and the requests that the server received. */
  async function clientOf(...responses: readonly (readonly [status: number, body?: unknown])[]) {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      const [status, body] = responses[requests.length] ?? [500];
      requests.push(`${request.method} ${request.url}`);
      response.writeHead(status).end(body === undefined ? '' : JSON.stringify(body));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    return { client: new AdminClient({ url: `http://127.0.0.1:${port}/`, key: 'k' }), requests };
  }

  it('returns a response with fields that the schema does not name', async () => {
    const { client } = await clientOf([200, { ...key('a'), colour: 'red' }]);
    expect(await client.get('/keys/a', keySchemas.record)).toEqual({ ...key('a'), colour: 'red' });
  });

  it('returns the items of all pages', async () => {
    const { client, requests } = await clientOf([200, { keys: [key('a')], next: 'a' }], [200, { keys: [key('b')] }]);
    const keys = await client.all('/keys', keySchemas.page, (page) => page.keys, { team: 'web' });
    expect(keys.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(requests).toEqual(['GET /admin/v1/keys?limit=1000&team=web', 'GET /admin/v1/keys?limit=1000&team=web&cursor=a']);
  });

  it.each<[what: string, body: unknown, field: string]>([
    ['a field of another type', { ...key('a'), tenant: 5 }, 'tenant: '],
    ['a missing field', { name: 'a' }, 'tenant: '],
    ['an empty body', undefined, 'expected object'],
  ])('refuses a response with %s, and names the field', async (_what, body, field) => {
    const { client } = await clientOf([200, body]);
    await expect(client.get('/keys/a', keySchemas.record)).rejects.toMatchObject({
      exitCode: EXIT.refused,
      message: expect.stringContaining(field),
    });
  });

  it('accepts a deletion without a body', async () => {
    const { client, requests } = await clientOf([204]);
    expect(await client.delete('/keys/a')).toBeUndefined();
    expect(requests).toEqual(['DELETE /admin/v1/keys/a']);
  });

  it('reports the detail of a refusal, and a response that is no problem document', async () => {
    const { client } = await clientOf([404, { detail: 'There is no key of that name.' }], [404, ['x']]);
    const get = () => client.get('/keys/a', keySchemas.record);
    await expect(get()).rejects.toMatchObject({ exitCode: EXIT.refused, message: 'There is no key of that name.' });
    await expect(get()).rejects.toMatchObject({ message: expect.stringContaining("not as a gateway's admin API does") });
  });
});
