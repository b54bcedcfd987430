import { describe, expect, it } from '@jest/globals';
import type { AuditTrail } from './audit-trail.ts';

/** Every adapter of `AuditTrail` passes this; `open` gives an empty one. */
export function auditTrailContract(adapter: string, open: (maxRecords: number) => AuditTrail): void {
  describe(`audit trail (${adapter})`, () => {
    it('keeps records in order and gives the newest first', async () => {
      const trail = open(100);
      await trail.append('1', ['{"n":1}', '{"n":2}']);
      await trail.append('2', ['{"n":3}']);
      expect(await trail.latest(2)).toEqual(['{"n":3}', '{"n":2}']);
      expect(await trail.latest(10)).toHaveLength(3);
    });

    it('writes a batch once', async () => {
      const trail = open(100);
      await trail.append('same', ['{"n":1}']);
      await trail.append('same', ['{"n":1}']);
      expect(await trail.latest(10)).toEqual(['{"n":1}']);
    });

    it('has a bound', async () => {
      const trail = open(100);
      for (let batch = 0; batch < 20; batch++) {
        await trail.append(
          `b${batch}`,
          Array.from({ length: 50 }, (_, n) => `{"n":${batch * 50 + n}}`),
        );
      }
      const kept = await trail.latest(1_000);
      expect(kept[0]).toBe('{"n":999}');
      expect(kept.length).toBeLessThanOrEqual(300);
    });
  });
}
