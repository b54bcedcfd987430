import type { AttemptFailure, AttemptOutcome } from '@sluice/core';
import type { AttemptRecord, AuditRecord } from './audit.ts';

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

/** Parses a stored audit record. Legacy words of its attempts are replaced by the present words. */
export function readAuditRecord(line: string): AuditRecord {
  const record = JSON.parse(line) as AuditRecord;
  if (!Array.isArray(record.tried)) return record;
  return { ...record, tried: record.tried.map(withPresentWords) };
}

function withPresentWords(attempt: AttemptRecord): AttemptRecord {
  const outcome = LEGACY_ATTEMPT_WORDS.outcome[attempt.outcome];
  const reason = LEGACY_ATTEMPT_WORDS.reason[attempt.reason ?? ''];
  if (outcome === undefined && reason === undefined) return attempt;
  return { ...attempt, outcome: outcome ?? attempt.outcome, ...(reason === undefined ? {} : { reason }) };
}
