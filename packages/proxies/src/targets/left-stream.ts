import type { LlmCall, Operation, StreamOutcome, Usage, UsageIssueReason, WholeReply } from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { promptTokens } from '../call-estimate.ts';

/** Why tokens are estimated: the provider's counts are missing or cannot be believed, or the answer broke off before it could give them. */
export type EstimateReason = UsageIssueReason | 'broken';

/** The tokens of a call, and why they are estimated where they are. */
export interface CountedUsage {
  readonly usage: Usage | undefined;
  readonly estimated: EstimateReason | undefined;
}

/** What a provider takes money for by its tokens. */
export const BILLED: ReadonlySet<Operation> = new Set(['chat', 'completions', 'embeddings']);

/**
 * Counts the tokens of a stream: as the provider reported them where it came to its end and did so. One that was cancelled or cut before, or whose counts
 * cannot be believed, is as long as what had come of it, with the prompt before it. A stream that failed before anything had come costs nothing: the provider
 * does not bill it.
 */
export function usageOfStream(
  call: LlmCall,
  { end, usage, generated = 0, readToEnd }: StreamOutcome,
  counter: TextCounter,
): CountedUsage {
  if (call.operation === 'realtime') return usageOfSession(usage);
  const complete = end === 'finished' || readToEnd === true;
  if (complete && usage !== undefined && usage.issue === undefined) return { usage, estimated: undefined };
  // what passes unread has no tokens
  if (!BILLED.has(call.operation) || (end === 'failed' && generated === 0))
    return { usage: believed(usage), estimated: undefined };
  const reason = complete ? (usage?.issue?.reason ?? 'missing') : 'broken';
  return { usage: estimated(call, usage, generated, counter), estimated: reason };
}

/** A session adds up what the provider reported; what it had to estimate beside that is in the counts, and named in their issue. */
function usageOfSession(usage: Usage | undefined): CountedUsage {
  if (usage === undefined) return { usage, estimated: undefined };
  const { issue, ...counts } = usage;
  return { usage: counts, estimated: issue?.reason };
}

/** Counts the tokens of a whole answer, in the same way. */
export function usageOfWhole(call: LlmCall, { status, usage, generated = 0 }: WholeReply, counter: TextCounter): CountedUsage {
  if (status !== 200 || !BILLED.has(call.operation)) return { usage: believed(usage), estimated: undefined };
  if (usage !== undefined && usage.issue === undefined) return { usage, estimated: undefined };
  const answer = call.operation === 'embeddings' ? 0 : generated;
  return { usage: estimated(call, usage, answer, counter), estimated: usage?.issue?.reason ?? 'missing' };
}

/** What was reported stays, as the least that it can be: what a stream reports at its beginning is what was there at its beginning. */
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
