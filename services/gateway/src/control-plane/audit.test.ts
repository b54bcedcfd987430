import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryAuditTrail } from '@sluice/store/memory';
import express from 'express';
import { signedIn } from '../../../../test/support/signed-in.ts';
import { adminErrors } from './admin-error.ts';
import { auditRoutes } from './audit.ts';

const COUNT = 25_000;
const START = Date.parse('2026-11-24T00:00:00Z');

/** Returns one record per second. Every hundredth is a refusal of the key `rare`, with an attempt in the words before 0.2.0. */
const record = (n: number): string =>
  JSON.stringify({
    time: new Date(START + n * 1_000).toISOString(),
    requestId: `r${n}`,
    key: n % 100 === 0 ? 'rare' : 'app',
    model: 'gpt',
    outcome: n % 100 === 0 ? 'refused' : 'answered',
    status: n % 100 === 0 ? 429 : 200,
    tried: n % 100 === 0 ? [{ target: 'one/m', outcome: 'failed', reason: 'silent', latencyMs: 1 }] : undefined,
  });

describe('audit route', () => {
  const trail = new MemoryAuditTrail(COUNT);
  const server = express()
    .use(signedIn())
    .use(auditRoutes({ trail, auditWriter: { flush: async () => {} } }))
    .use(adminErrors((error) => expect(error).toBeUndefined()))
    .listen(0, '127.0.0.1');
  beforeAll(async () => {
    await trail.append({ id: 'all', shard: 0, records: Array.from({ length: COUNT }, (_, n) => record(n)), usage: [] });
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => void server.close());

  const get = (query: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?${query}`);
  async function find(query: string): Promise<{ ids: string[]; next: string | undefined }> {
    const { records, next } = (await (await get(query)).json()) as { records: { requestId: string }[]; next?: string };
    return { ids: records.map(({ requestId }) => requestId), next };
  }

  it('returns the newest records, and continues with the cursor', async () => {
    const first = await find('limit=2');
    expect(first.ids).toEqual(['r24999', 'r24998']);
    expect((await find(`limit=2&cursor=${first.next}`)).ids).toEqual(['r24997', 'r24996']);
  });

  it.each(['after=0-0&limit=1', 'after=0-0-15&limit=1'])('accepts the position %s, with and without a shard', async (query) => {
    expect((await find(query)).ids).toEqual(['r1']);
  });

  it('finds all matching records page by page, each once, however old they are', async () => {
    const found: string[] = [];
    let next: string | undefined;
    do {
      const part = await find(`key=rare&status=429&limit=30${next === undefined ? '' : `&cursor=${next}`}`);
      expect(part.ids.length).toBeLessThanOrEqual(30);
      found.push(...part.ids);
      next = part.next;
    } while (next !== undefined);
    expect(found).toEqual(Array.from({ length: 250 }, (_, n) => `r${24_900 - 100 * n}`));
  });

  it('examines a bounded number of records per request, and returns a cursor', async () => {
    const part = await find('requestId=r7');
    expect(part).toEqual({ ids: [], next: expect.any(String) });
    expect(await find(`requestId=r7&cursor=${part.next}`)).toEqual({ ids: ['r7'], next: undefined });
  });

  it('filters records by time in any time zone', async () => {
    expect(await find('since=2026-11-24T06:56:30Z&until=2026-11-24T07:56:32%2B01:00&limit=10')).toMatchObject({
      ids: ['r24992', 'r24991', 'r24990'],
    });
  });

  it.each(['key=rare&limit=1', 'after=0-0&key=rare'])(
    'replaces legacy words of attempts in the response to %s',
    async (query) => {
      const { records } = (await (await get(query)).json()) as { records: { tried: unknown }[] };
      expect(records[0]?.tried).toEqual([{ target: 'one/m', outcome: 'failed', reason: 'timeout', latencyMs: 1 }]);
    },
  );

  it.each([
    'limit=0',
    'limit=1001',
    'cursor=x',
    'cursor=1-1)',
    'cursor=1-1-1-1',
    'after=1-1-',
    'since=today',
    'status=42',
    'outcome=good',
    'color=red',
    'key=a&key=b',
  ])('refuses the invalid query %s', async (query) => {
    const response = await get(query);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('invalid_request');
  });
});
