import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type UsageSum, type UsageTable, usageTableOf } from '@sluice/store/ports';
import express from 'express';
import { signedIn } from '../../../../test/support/signed-in.ts';
import { adminErrors } from './admin-error.ts';
import type { Administrator } from './administrators.ts';
import { usageRoutes } from './usage.ts';

const sum = (day: string, more: Partial<UsageSum>): UsageSum => ({
  day,
  hour: '',
  tag: '',
  tenant: 'acme',
  team: '',
  key: 'app',
  provider: 'openai',
  model: 'gpt',
  calls: 1,
  errors: 0,
  hits: 0,
  inputTokens: 10,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
  cost: 1_500_000,
  saved: 0,
  unpriced: 0,
  latencyMs: 100,
  ...more,
});

const KEPT = [
  sum('2026-10-31', { model: 'old' }),
  sum('2026-11-01', {}),
  sum('2026-11-02', { key: 'web', latencyMs: 301, calls: 2 }),
  sum('2026-11-02', { model: '=HYPERLINK("x")', cost: 0, unpriced: 1 }),
  sum('2026-11-24', { tenant: 'other', errors: 1 }),
  sum('2026-11-23', { hour: '07' }),
  sum('2026-11-23', { hour: '08', calls: 2 }),
  sum('2026-11-22', { tag: 'user=alice', calls: 3 }),
  sum('2026-11-22', { tag: 'user=bob', tenant: 'other' }),
  sum('2026-11-22', { tag: 'stage=test', calls: 2 }),
];

describe('usage route', () => {
  const servers: { close(): unknown }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Sends a query at noon of 24 November 2026. */
  async function get(query: string, administrator?: Administrator): Promise<Response> {
    const trail = {
      usage: async (days: readonly string[], table: UsageTable = 'days') =>
        KEPT.filter((kept) => days.includes(kept.day) && usageTableOf(kept) === table),
    };
    const clock = { now: () => Date.parse('2026-11-24T12:00:00Z') } as never;
    const app = express()
      .use(signedIn(administrator))
      .use(usageRoutes({ trail, auditWriter: { flush: async () => {} }, clock }));
    app.use(adminErrors((error) => expect(error).toBeUndefined()));
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?${query}`);
  }
  const rows = async (query: string) => ((await (await get(query)).json()) as { rows: Record<string, unknown>[] }).rows;

  it('returns the current month by day by default', async () => {
    expect(await (await get('')).json()).toEqual({
      from: '2026-11-01',
      to: '2026-11-24',
      by: ['day'],
      count: 3,
      rows: [
        expect.objectContaining({ day: '2026-11-01', calls: 1, costUsd: 0.0015, averageLatencyMs: 100 }),
        expect.objectContaining({ day: '2026-11-02', calls: 3, costUsd: 0.0015, unpriced: 1, averageLatencyMs: 134 }),
        expect.objectContaining({ day: '2026-11-24', calls: 1, errors: 1 }),
      ],
      total: {
        calls: 5,
        errors: 1,
        hits: 0,
        inputTokens: 40,
        cachedInputTokens: 0,
        cacheWriteTokens: 0,
        outputTokens: 20,
        reasoningTokens: 0,
        unpriced: 1,
        costUsd: 0.0045,
        savedUsd: 0,
        averageLatencyMs: 120,
      },
    });
  });

  it('groups by one or more dimensions, and filters rows', async () => {
    expect(await rows('by=month,tenant&from=2026-10-01')).toMatchObject([
      { month: '2026-10', tenant: 'acme', calls: 1 },
      { month: '2026-11', tenant: 'acme', calls: 4 },
      { month: '2026-11', tenant: 'other', calls: 1 },
    ]);
    expect(await rows('by=key&tenant=acme&to=2026-11-02')).toMatchObject([
      { key: 'app', calls: 2 },
      { key: 'web', calls: 2 },
    ]);
    expect(await rows('from=2025-12-01&to=2025-12-31')).toEqual([]);
  });

  it('returns hours, end users and tags from their own sums', async () => {
    expect(await rows('by=hour')).toMatchObject([
      { hour: '2026-11-23T07', calls: 1 },
      { hour: '2026-11-23T08', calls: 2 },
    ]);
    expect(await rows('by=user')).toMatchObject([
      { user: 'alice', calls: 3 },
      { user: 'bob', calls: 1 },
    ]);
    expect(await rows('by=user&tenant=other')).toMatchObject([{ user: 'bob' }]);
    expect(await rows('by=key&user=alice')).toMatchObject([{ key: 'app', calls: 3 }]);
    expect(await rows('by=day&tag=stage=test')).toMatchObject([{ day: '2026-11-22', calls: 2 }]);
    const tags = (await (await get('by=tag')).json()) as { rows: { tag: string }[]; total: { calls: number } };
    expect(tags.rows.map(({ tag }) => tag)).toEqual(['stage=test', 'user=alice', 'user=bob']);
    // the total counts each call once, although a call may have several tags or none
    expect(tags.total.calls).toBe(5);
  });

  it("returns only the administrator's own tenant or team", async () => {
    const of = { name: 'x', role: 'viewer', tenant: 'acme' } as const;
    const total = async (query: string, by: Administrator) =>
      ((await (await get(query, by)).json()) as { total: { calls: number } }).total.calls;
    expect(await total('', of)).toBe(4);
    expect(await total('tenant=acme', of)).toBe(4);
    expect((await get('tenant=other', of)).status).toBe(403);
    expect(await total('', { ...of, team: 'web' })).toBe(0);
  });

  it('returns a page, and the position of the next one', async () => {
    const page = await get('by=day,key&limit=3');
    expect(page.headers.get('link')).toBe('<?by=day%2Ckey&limit=3&offset=3>; rel="next"');
    const first = (await page.json()) as Record<string, unknown>;
    expect(first).toMatchObject({ count: 4, nextOffset: 3, total: { calls: 5 } });
    const second = (await (await get('by=day,key&limit=3&offset=3')).json()) as Record<string, unknown>;
    expect(second).toMatchObject({ count: 4, rows: [{ day: '2026-11-24' }] });
    expect(second).not.toHaveProperty('nextOffset');
  });

  it('escapes formulas in CSV for spreadsheets', async () => {
    const response = await get('by=model&format=csv');
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(response.headers.get('content-disposition')).toContain('usage-2026-11-01-2026-11-24.csv');
    expect((await response.text()).trim().split('\n')).toEqual([
      'model,calls,errors,hits,inputTokens,cachedInputTokens,cacheWriteTokens,outputTokens,reasoningTokens,unpriced,costUsd,savedUsd,averageLatencyMs',
      `"'=HYPERLINK(""x"")",1,0,0,10,0,0,5,0,1,0,0,100`,
      'gpt,4,1,0,30,0,0,15,0,0,0.0045,0,125',
    ]);
    expect((await (await get('format=csv&from=2025-01-01&to=2025-01-02')).text()).trim()).toMatch(/^day,calls,/);
  });

  it.each([
    ['by=color', 'by'],
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-11-24&to=2026-11-23', 'from: 2026-11-24 is after 2026-11-23'],
    ['from=2020-01-01', 'at most 400'],
    ['limit=0', 'limit'],
    ['offset=-1', 'offset'],
    ['format=xml', 'format'],
    ['key=a&key=b', 'key'],
    ['by=hour,user', 'not stored'],
    ['by=hour&tag=a=b', 'not stored'],
    ['by=user,tag', 'a user is a tag'],
    ['colour=red', 'colour'],
  ])('refuses the invalid query %s', async (query, message) => {
    const response = await get(query);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
  });
});
