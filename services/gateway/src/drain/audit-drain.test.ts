import { describe, expect, it, jest } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { MemoryAuditTrail } from '@sluice/store/memory';
import type { AuditReader } from '@sluice/store/ports';
import { AuditDrain } from './audit-drain.ts';

async function setUp(change: (reader: AuditReader) => Partial<AuditReader>) {
  const trail = new MemoryAuditTrail(100);
  await trail.append({ id: '1', shard: 0, records: ['{"n":1}', '{"n":2}'], usage: [] });
  const reader = trail.reader({ group: 'files', claimAfterMs: 60_000 });
  const written: string[] = [];
  const health = { success: jest.fn(), failure: jest.fn() };
  const drain = new AuditDrain({
    name: 'files',
    reader: {
      read: (count) => reader.read(count),
      finish: (positions) => reader.finish(positions),
      behind: () => reader.behind(),
      close: () => reader.close(),
      ...change(reader),
    },
    sink: { write: async (records) => void written.push(...records.map(({ record }) => record)), close: async () => {} },
    metrics: { drained: { inc: () => {} }, drainBehind: { set: () => {} }, drainLost: { inc: () => {} } } as never,
    health,
    logger: { error: () => {} } as never,
  });
  return { drain, written, health };
}

describe('AuditDrain', () => {
  it('writes the records of the other shards when one cannot be read, and reports it', async () => {
    const failure = new Error('unavailable');
    const { drain, written, health } = await setUp((reader) => ({
      read: async (count) => ({ ...(await reader.read(count)), failure }),
    }));
    await waitFor(() => health.failure.mock.calls.length > 0, 'the failure to be reported');
    await drain.close();
    expect(written).toEqual(['{"n":1}', '{"n":2}']);
    expect(health.failure).toHaveBeenCalledWith(failure);
    expect(health.success).not.toHaveBeenCalled();
  });

  it('writes records once when the trail cannot mark them as complete, and reports it', async () => {
    const failure = new Error('unavailable');
    const { drain, written, health } = await setUp(() => ({ finish: () => Promise.reject(failure) }));
    await waitFor(() => health.failure.mock.calls.length > 0, 'the failure to be reported');
    await drain.close();
    expect(written).toEqual(['{"n":1}', '{"n":2}']);
  });

  it('writes records although their number behind is unknown', async () => {
    const failure = new Error('unavailable');
    const { drain, written, health } = await setUp(() => ({ behind: () => Promise.reject(failure) }));
    await waitFor(() => health.failure.mock.calls.length > 0, 'the failure to be reported');
    await drain.close();
    expect(written).toEqual(['{"n":1}', '{"n":2}']);
  });
});
