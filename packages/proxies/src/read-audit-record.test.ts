import { describe, expect, it } from '@jest/globals';
import { auditRecordJson } from './audit-record.ts';
import { LEGACY_ATTEMPT_WORDS, readAuditRecord } from './read-audit-record.ts';

const attempt = (outcome: string, reason?: string) => ({
  target: 'one/m',
  outcome,
  ...(reason === undefined ? {} : { reason }),
  latencyMs: 3,
});

const read = (tried: unknown) => readAuditRecord(JSON.stringify({ requestId: 'r', tried }));

describe(readAuditRecord, () => {
  it.each([
    ['unreachable', 'connect_error'],
    ['silent', 'timeout'],
    ['unavailable', 'server_error'],
    ['credentials', 'auth'],
    ['rejected', 'invalid_request'],
    ['busy', 'concurrency_limit'],
  ])('reads the legacy reason %s as %s', (legacy, present) => {
    expect(read([attempt('failed', legacy)]).tried).toEqual([attempt('failed', present)]);
  });

  it('reads the legacy outcome lost as superseded', () => {
    expect(read([attempt('lost')]).tried).toEqual([attempt('superseded')]);
  });

  it('keeps attempts with the present words', () => {
    const tried = [attempt('failed', 'timeout'), attempt('failed', 'truncated'), attempt('superseded'), attempt('answered')];
    expect(read(tried)).toEqual({ requestId: 'r', tried });
  });

  it('keeps a record without a list of attempts', () => {
    expect(read(undefined)).toEqual({ requestId: 'r' });
  });

  it('reads the cost in dollars of a record without nano-dollars', () => {
    const line = JSON.stringify({ requestId: 'r', costUsd: 0.1 + 0.2, savedUsd: null });
    expect(readAuditRecord(line)).toEqual({ requestId: 'r', costNanos: 300_000_000 });
  });

  it('prefers the nano-dollars of a record to its dollars', () => {
    const line = JSON.stringify({ requestId: 'r', costUsd: 0.5, costNanos: 7, savedUsd: 0.5, savedNanos: 8 });
    expect(readAuditRecord(line)).toEqual({ requestId: 'r', costNanos: 7, savedNanos: 8 });
  });

  it.each([
    [{ costUsd: 0.000_000_001, savedUsd: null }, { costNanos: 1 }],
    [{ costUsd: null, savedUsd: 9_007_199.254_740_991 }, { savedNanos: Number.MAX_SAFE_INTEGER }],
    [{ costUsd: 0, savedUsd: null }, { costNanos: 0 }],
    [{ costUsd: null, savedUsd: null }, {}],
  ])('writes %j again with the same dollars', (dollars, nanos) => {
    const record = readAuditRecord(JSON.stringify(dollars));
    expect(record).toEqual(nanos);
    expect(auditRecordJson(record)).toEqual({ ...dollars, ...nanos });
  });

  it('maps no legacy word to another legacy word', () => {
    for (const words of Object.values(LEGACY_ATTEMPT_WORDS)) {
      for (const present of Object.values(words)) expect(words).not.toHaveProperty(present);
    }
  });
});
