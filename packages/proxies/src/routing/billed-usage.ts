import type { LlmCall, Operation, StreamOutcome, Usage, UsageIssueReason, WholeReply } from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { promptTokens } from '../call-estimate.ts';

/**
 * Why tokens are estimated: the provider's counts are missing or implausible, or the response broke off before it reported
 * them.
 */
export type EstimateReason = UsageIssueReason | 'broken';

/** The tokens of a call, and the reason if they are estimated. */
export interface CountedUsage {
  readonly usage: Usage | undefined;
  readonly estimated: EstimateReason | undefined;
}

/** Operations that providers bill by token. */
export const BILLED: ReadonlySet<Operation> = new Set(['chat', 'completions', 'embeddings']);

/**
 * Returns the tokens of a stream: as reported if the stream completed. Otherwise, or if the counts are implausible, they are
 * estimated from the received content plus the prompt. A stream that failed before any content costs nothing: the provider does
 * not bill it.
 */
export function usageOfStream(
  call: LlmCall,
  { end, usage, generated = 0, drained }: StreamOutcome,
  counter: TextCounter,
): CountedUsage {
  if (call.operation === 'realtime') return usageOfSession(usage);
  const complete = end === 'finished' || drained === true;
  if (complete && usage !== undefined && usage.issue === undefined) return { usage, estimated: undefined };
  // a passthrough route has no tokens
  if (!BILLED.has(call.operation) || (end === 'failed' && generated === 0))
    return { usage: believed(usage), estimated: undefined };
  const reason = complete ? (usage?.issue?.reason ?? 'missing') : 'broken';
  return { usage: estimated(call, usage, generated, counter), estimated: reason };
}

/**
 * Returns the tokens of a session: the sum of the provider's reports. The session has already added its own estimates and named
 * them in `issue`.
 */
function usageOfSession(usage: Usage | undefined): CountedUsage {
  if (usage === undefined) return { usage, estimated: undefined };
  const { issue, ...counts } = usage;
  return { usage: counts, estimated: issue?.reason };
}

/** Returns the tokens of a whole response, by the same rules. */
export function usageOfWhole(call: LlmCall, { status, usage, generated = 0 }: WholeReply, counter: TextCounter): CountedUsage {
  if (status !== 200 || !BILLED.has(call.operation)) return { usage: believed(usage), estimated: undefined };
  if (usage !== undefined && usage.issue === undefined) return { usage, estimated: undefined };
  const answer = call.operation === 'embeddings' ? 0 : generated;
  return { usage: estimated(call, usage, answer, counter), estimated: usage?.issue?.reason ?? 'missing' };
}

/**
 * Replaces missing counts by estimates. Reported counts are a lower bound: a count from the beginning of a stream covers only
 * the beginning.
 */
function estimated(call: LlmCall, usage: Usage | undefined, generated: number, counter: TextCounter): Usage {
  const { issue, ...reported } = usage ?? { inputTokens: 0, outputTokens: 0, issue: { input: true, output: true } };
  const inputTokens =
    usage === undefined || issue?.input === true
      ? Math.max(reported.inputTokens, promptTokens(call, counter))
      : reported.inputTokens;
  const outputTokens = issue !== undefined && !issue.output ? reported.outputTokens : Math.max(reported.outputTokens, generated);
  return { ...reported, inputTokens, outputTokens };
}

const believed = (usage: Usage | undefined): Usage | undefined => (usage?.issue === undefined ? usage : undefined);
