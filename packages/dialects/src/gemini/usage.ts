import type { GenerateContentResponseUsageMetadata } from '@google/genai';
import { defined, type Usage } from '@sluice/core';
import { asCount, asList, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { UsageCounts } from '../neutral/usage-counts.ts';
import { field } from './fields.ts';

/**
 * Reads Gemini's `usageMetadata`; undefined without one. Gemini excludes reasoning from the candidates' tokens, and its own
 * tools' input from the prompt's; the result includes both. A count of 0 may be missing. An invalid count is 0, and is named in
 * `issue`.
 */
export function readUsage(usage: Json): Usage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const counts = new UsageCounts();
  const prompt = counts.input(field(usage, 'promptTokenCount'));
  const ofTools = counts.part(field(usage, 'toolUsePromptTokenCount')) ?? 0;
  const thoughts = counts.part(field(usage, 'thoughtsTokenCount'));
  const candidates = field(usage, 'candidatesTokenCount') ?? candidatesIn(usage, prompt + ofTools + (thoughts ?? 0));
  return counts.usage(
    defined({
      inputTokens: prompt + ofTools,
      outputTokens: counts.output(candidates) + (thoughts ?? 0),
      cachedInputTokens: counts.part(field(usage, 'cachedContentTokenCount')),
      reasoningTokens: thoughts,
      audioInputTokens: audioOf(counts, field(usage, 'promptTokensDetails')),
      audioOutputTokens: audioOf(counts, field(usage, 'candidatesTokensDetails')),
    }),
  );
}

/** Returns missing candidates' tokens: the total minus the other counts, or 0 without a total. */
function candidatesIn(usage: Json, others: number): number {
  const total = asCount(field(usage, 'totalTokenCount'));
  return total === undefined ? 0 : Math.max(0, total - others);
}

const audioOf = (counts: UsageCounts, details: Json): number | undefined =>
  counts.part(
    field(
      asList(details).find((one) => member(one, 'modality') === 'AUDIO'),
      'tokenCount',
    ),
  );

export function writeUsage(usage: Usage) {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens, audioInputTokens, audioOutputTokens } = usage;
  return defined({
    promptTokenCount: inputTokens,
    cachedContentTokenCount: cachedInputTokens,
    candidatesTokenCount: Math.max(0, outputTokens - (reasoningTokens ?? 0)),
    thoughtsTokenCount: reasoningTokens,
    totalTokenCount: inputTokens + outputTokens,
    promptTokensDetails: modalities(inputTokens, audioInputTokens),
    candidatesTokensDetails: modalities(outputTokens - (reasoningTokens ?? 0), audioOutputTokens),
  }) satisfies Partial<Record<keyof GenerateContentResponseUsageMetadata, unknown>>;
}

const modalities = (all: number, audio: number | undefined): JsonObject[] | undefined =>
  audio === undefined
    ? undefined
    : [
        { modality: 'TEXT', tokenCount: Math.max(0, all - audio) },
        { modality: 'AUDIO', tokenCount: audio },
      ];
