import { describe, expect, it } from '@jest/globals';
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

  it('maps no legacy word to another legacy word', () => {
    for (const words of Object.values(LEGACY_ATTEMPT_WORDS)) {
      for (const present of Object.values(words)) expect(words).not.toHaveProperty(present);
    }
  });
});
