import { afterEach, describe, expect, it } from '@jest/globals';
import { searchRecords } from './search-records.ts';

const COUNT = 20_000;
const kept = Array.from({ length: COUNT }, (_, n) => ({
  position: `${COUNT - n}-0`,
  record: JSON.stringify({ key: `k${n}`, pad: 'x'.repeat(200) }),
}));
const read = async (count: number, before?: string) => {
  const from = before === undefined ? 0 : kept.findIndex(({ position }) => position === before) + 1;
  return kept.slice(from, from + count);
};
const nothing = () => false;

describe('searchRecords', () => {
  let counting: NodeJS.Immediate | undefined;
  afterEach(() => clearImmediate(counting));

  it('yields to the event loop after every hundred records', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      counting = setImmediate(count);
    };
    counting = setImmediate(count);
    await searchRecords(read, nothing, { limit: 10 });
    expect(turns).toBeGreaterThanOrEqual(COUNT / 100);
  });

  it('runs two searches at a time, and refuses a third with 429 until one has ended', async () => {
    const search = () => searchRecords(read, nothing, { limit: 10 });
    const running = [search(), search()];
    await expect(search()).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded', retryAfterMs: 1_000 });
    await Promise.all(running);
    await search();
  });

  it('releases its slot when the search fails', async () => {
    const failing = () => searchRecords(() => Promise.reject(new Error('away')), nothing, { limit: 1 });
    for (let n = 0; n < 5; n++) await expect(failing()).rejects.toThrow('away');
  });

  it('finds matching records across slices, in order', async () => {
    const wanted = new Set(['k0', 'k99', 'k100', 'k199', 'k1000', 'k1999']);
    const { records, next } = await searchRecords<{ key: string }>(read, ({ key }) => wanted.has(key), { limit: 6 });
    expect(records.map(({ key }) => key)).toEqual([...wanted]);
    expect(next).toBe(`${COUNT - 1999}-0`);
  });
});
