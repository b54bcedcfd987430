import {
  type Attempt,
  type CallEnd,
  type ChargedBudget,
  type Clock,
  defined,
  effectiveTags,
  isoTime,
  isStreamed,
  type LlmCall,
  type LlmProxy,
  type LlmReply,
  RECORDED_PARTS,
  sessionRecord,
  systemClock,
  withEnd,
} from '@sluice/core';
import type { AttemptRecord, AuditRecord } from './audit-record.ts';
import { cacheResult } from './caching/cache-result.ts';
import { chargedBudgets, exceededBudgets } from './metering/quota-results.ts';
import { servedBy } from './routing/served-by.ts';

/** Writes audit records. It must neither throw nor block. */
export interface AuditSink {
  /**
   * @param charged the budgets that the call was charged to
   * @param callId the gateway-generated id of the call
   */
  write(record: AuditRecord, charged: readonly ChargedBudget[], callId: string): void;
}

export interface AuditOptions {
  readonly sink: AuditSink;
  /** Whether prompts and responses are recorded too. */
  readonly content?: boolean;
  readonly clock?: Clock;
}

/** The result of a call, as recorded. */
export type CallResult = Pick<AuditRecord, 'outcome' | 'status' | 'error'>;

/** A record under construction. */
type Draft = { -readonly [Field in keyof AuditRecord]: AuditRecord[Field] };

/**
 * Returns the record of a call that has just ended, without its content. Fields without a value are undefined and absent from
 * the JSON: objects of the same shape are faster to create.
 */
export function recordOf(call: LlmCall, end: CallResult, clock: Clock): AuditRecord {
  const { account, caller } = call.context;
  const target = servedBy.get(call);
  const cache = cacheResult.get(call);
  const exceeded = exceededBudgets.get(call);
  const { usage, cost, unpriced } = account;
  const latencyMs = clock.monotonic() - call.startedAtMs;
  const record: Draft = {
    time: isoTime(clock.now() - latencyMs),
    requestId: call.requestId,
    traceId: call.traceparent?.slice(3, 35),
    outcome: end.outcome,
    status: end.status,
    error: end.error,
    key: caller?.keyName ?? null,
    tenant: caller?.tenant ?? null,
    team: caller?.team,
    route: call.route,
    model: modelOf(call),
    target: target?.target ?? null,
    provider: target?.provider ?? null,
    attempts: account.attempts,
    tried: account.tried.some(({ outcome }) => outcome !== 'answered') ? account.tried.map(attemptRecord) : undefined,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    estimated: account.estimated ? true : undefined,
    usageIssue: account.usageIssue,
    overBudget: exceeded.length === 0 ? undefined : exceeded,
    costNanos: cost,
    unpriced: unpriced.length === 0 ? undefined : unpriced,
    savedNanos: cache.entry?.cost,
    latencyMs: Math.round(latencyMs * 1_000) / 1_000,
    cache: cache.state,
    session: sessionRecord.get(call),
    tags: effectiveTags(call),
  };
  for (const field of RECORDED_PARTS) record[field] = usage?.[field];
  return record;
}

/**
 * Writes exactly one record for every call, accepted or refused, as soon as its result is known: for a stream, after its end.
 */
export function audit(options: AuditOptions): LlmProxy {
  const { sink } = options;
  const clock = options.clock ?? systemClock;
  /** Passthrough bodies and the messages of a session may have any length, so they are never recorded. */
  const contentOf = (call: LlmCall): boolean =>
    options.content === true && call.operation !== 'other' && call.operation !== 'realtime';

  const write = (call: LlmCall, end: CallResult, answer?: string): void => {
    const record = recordOf(call, end, clock);
    const prompt = contentOf(call) ? Buffer.from(call.message.bytes).toString('utf8') : undefined;
    const whole = options.content === true ? { ...record, ...defined({ prompt, answer }) } : record;
    sink.write(whole, chargedBudgets.get(call), call.id);
  };

  return (next) => ({
    async complete(call) {
      const chunks: Uint8Array[] = [];
      const answerOf = ({ reply }: CallEnd): string | undefined => {
        if (reply === undefined || !contentOf(call)) return undefined;
        return Buffer.from(isStreamed(reply) ? Buffer.concat(chunks) : reply.body).toString('utf8');
      };
      return withEnd(
        () => (contentOf(call) ? collected(next.complete(call), chunks) : next.complete(call)),
        (end) => write(call, resultOf(end), answerOf(end)),
      );
    },
  });
}

/** Adds a stream's bytes to `chunks`. A stream may have ended before its reply is returned, so this precedes the end. */
async function collected(replying: Promise<LlmReply>, chunks: Uint8Array[]): Promise<LlmReply> {
  const reply = await replying;
  if (isStreamed(reply)) reply.stream.tap((bytes) => chunks.push(bytes));
  return reply;
}

/** Returns the outcome, status and error code of a call for its record. */
function resultOf({ reply, outcome, error }: CallEnd): CallResult {
  if (error !== undefined) {
    const { code, status } = error;
    return { outcome: code === 'client_closed' ? 'cancelled' : status < 500 ? 'refused' : 'failed', status, error: code };
  }
  switch (outcome?.end) {
    case undefined:
      return { outcome: reply.status < 400 ? 'answered' : 'refused', status: reply.status, error: null };
    case 'finished':
      return { outcome: 'answered', status: reply.status, error: null };
    case 'cancelled':
      return { outcome: 'cancelled', status: 499, error: 'client_closed' };
    case 'failed':
      return { outcome: 'failed', status: outcome.error?.status ?? 502, error: outcome.error?.code ?? 'upstream_error' };
  }
}

const attemptRecord = ({ target, outcome, reason, status, latencyMs }: Attempt): AttemptRecord => ({
  target,
  outcome,
  ...defined({ reason, status }),
  latencyMs,
});

/** Returns null before authentication: parsing an unauthenticated body would make floods of bad keys expensive. */
function modelOf(call: LlmCall): string | null {
  if (call.context.caller === undefined) return null;
  try {
    return call.message.view().model || null;
  } catch {
    return null;
  }
}
