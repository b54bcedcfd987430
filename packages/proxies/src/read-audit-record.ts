import { type AttemptFailure, type AttemptOutcome, defined, type Money, usd } from '@sluice/core';
import type { AttemptRecord, AuditRecord, AuditRecordJson } from './audit-record.ts';

/** Words of attempts in records that versions before 0.2.0 wrote, and the present words. */
export const LEGACY_ATTEMPT_WORDS = {
  outcome: { lost: 'superseded' } as Readonly<Record<string, AttemptOutcome>>,
  reason: {
    unreachable: 'connect_error',
    silent: 'timeout',
    unavailable: 'server_error',
    credentials: 'auth',
    rejected: 'invalid_request',
    busy: 'concurrency_limit',
  } as Readonly<Record<string, AttemptFailure>>,
} as const;

/** Parses a line of the audit trail. */
export function readAuditRecord(line: string): AuditRecord {
  return fromAuditRecordJson(JSON.parse(line) as AuditRecordJson);
}

/**
 * Returns the record of its JSON form. Of records that versions before 0.2.0 wrote, legacy words of attempts are replaced by the
 * present words, and the money is the rounded number of dollars.
 */
export function fromAuditRecordJson({ costUsd, savedUsd, ...json }: AuditRecordJson): AuditRecord {
  return {
    ...json,
    tried: json.tried?.map(withPresentWords),
    costNanos: json.costNanos ?? nanos(costUsd),
    savedNanos: json.savedNanos ?? nanos(savedUsd),
  };
}

/** Older records can lack the field. */
const nanos = (dollars: number | null | undefined): Money | undefined =>
  dollars === null || dollars === undefined ? undefined : usd(dollars);

function withPresentWords(attempt: AttemptRecord): AttemptRecord {
  const outcome = LEGACY_ATTEMPT_WORDS.outcome[attempt.outcome];
  const reason = LEGACY_ATTEMPT_WORDS.reason[attempt.reason ?? ''];
  if (outcome === undefined && reason === undefined) return attempt;
  return { ...attempt, outcome: outcome ?? attempt.outcome, ...defined({ reason }) };
}
