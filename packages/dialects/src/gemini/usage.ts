import type { GenerateContentResponseUsageMetadata } from '@google/genai';
import type { Usage } from '@sluice/core';
import { asCount, asList, defined, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { field } from './fields.ts';

/**
 * Gemini's `usageMetadata`: there thoughts are not among the candidates' tokens, and what its own tools put into the prompt is not among the prompt's;
 * here all of it counts.
 */
export function readUsage(usage: Json): Usage | undefined {
  const prompt = asCount(field(usage, 'promptTokenCount'));
  if (prompt === undefined) return undefined;
  const thoughts = asCount(field(usage, 'thoughtsTokenCount'));
  return defined({
    inputTokens: prompt + (asCount(field(usage, 'toolUsePromptTokenCount')) ?? 0),
    outputTokens: (asCount(field(usage, 'candidatesTokenCount')) ?? 0) + (thoughts ?? 0),
    cachedInputTokens: asCount(field(usage, 'cachedContentTokenCount')),
    reasoningTokens: thoughts,
    audioInputTokens: audioOf(field(usage, 'promptTokensDetails')),
    audioOutputTokens: audioOf(field(usage, 'candidatesTokensDetails')),
  });
}

const audioOf = (details: Json): number | undefined =>
  asCount(
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
