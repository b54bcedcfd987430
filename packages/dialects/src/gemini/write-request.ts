import type { GenerateContentConfig } from '@google/genai';
import { defined } from '@sluice/core';
import type { WrittenRequest } from '../dialect.ts';
import { budgetOf, effortOf } from '../neutral/effort.ts';
import { droppedParams } from '../neutral/openai-fields.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { Effort, NeutralRequest, Part, ReasoningOptions, Tool, ToolChoice } from '../neutral/request.ts';
import { SKIP_SIGNATURE } from '../neutral/sealed.ts';
import { writeContents } from './write-contents.ts';

const PROVIDER = 'Gemini';

/** OpenAI's fields that request audio or images; `answersWith` represents them. */
const OUTPUT_FIELDS: ReadonlySet<string> = new Set(['modalities', 'audio']);

/** Writes a request. The path contains the model, so the body does not. */
export function writeRequest(request: NeutralRequest): WrittenRequest {
  const { only, format, reasoning } = request;
  const [refused] = (only?.needed ?? []).filter((name) => request.answersWith === undefined || !OUTPUT_FIELDS.has(name));
  if (refused !== undefined) unsupportedParam(refused, PROVIDER);
  const dropped = droppedParams(request);
  if (request.user !== undefined) dropped.push('user');
  if (request.parallelToolCalls === false) dropped.push('parallel_tool_calls');
  const system = request.messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(({ parts }) => parts.flatMap(writeText));
  const tools = request.tools ?? [];
  const generationConfig = defined({
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    candidateCount: request.choices,
    maxOutputTokens: request.maxTokens,
    stopSequences: request.stop,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    seed: request.seed,
    responseLogprobs: request.logprobs === undefined ? undefined : true,
    logprobs: request.logprobs === undefined || request.logprobs === 0 ? undefined : request.logprobs,
    responseMimeType: format === undefined ? undefined : 'application/json',
    responseJsonSchema: format?.type === 'schema' ? format.schema : undefined,
    thinkingConfig: reasoning === undefined ? undefined : writeThinking(reasoning),
    ...writeModalities(request, dropped),
  }) satisfies Partial<Record<keyof GenerateContentConfig, unknown>>;
  const body = defined({
    systemInstruction: system.length === 0 ? undefined : { parts: system },
    contents: writeContents(request.messages, request.unsignedCalls === 'accepted' ? undefined : SKIP_SIGNATURE),
    tools: tools.length === 0 ? undefined : [{ functionDeclarations: tools.map(writeTool) }],
    toolConfig:
      request.toolChoice === undefined || tools.length === 0
        ? undefined
        : { functionCallingConfig: writeChoice(request.toolChoice) },
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
    serviceTier: writeTier(request.serviceTier, dropped),
  });
  return { body, dropped };
}

/** Writes the service tier; `auto` and `default` select the standard tier. */
function writeTier(tier: string | undefined, dropped: string[]): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (tier === 'default') return 'standard';
  if (tier === 'flex' || tier === 'priority') return tier;
  dropped.push('service_tier');
  return undefined;
}

const LEVELS: Readonly<Record<Effort, string | undefined>> = {
  none: undefined,
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
};

/**
 * Writes the reasoning setting. A level and a budget are mutually exclusive: a given budget is written, unless the model
 * supports only levels.
 */
function writeThinking(setting: ReasoningOptions): JsonObject | undefined {
  const { effort, budgetTokens, show, form } = setting;
  const level = form === 'level' ? effortOf(setting) : effort;
  // disabled reasoning cannot be shown
  if (budgetTokens === 0 || (budgetTokens === undefined && effort === 'none')) return { thinkingBudget: 0 };
  const budgeted = form === 'budget' || (form !== 'level' && budgetTokens !== undefined);
  const thinking = defined({
    includeThoughts: show,
    thinkingBudget: budgeted ? budgetOf(setting) : undefined,
    thinkingLevel: budgeted || level === undefined ? undefined : LEVELS[level],
  });
  return Object.keys(thinking).length === 0 ? undefined : thinking;
}

function writeTool({ name, description, schema }: Tool): JsonObject {
  return defined({ name, description, parametersJsonSchema: schema });
}

function writeChoice(choice: ToolChoice): JsonObject {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() };
}

const writeText = (part: Part): JsonObject[] =>
  (part.type === 'text' || part.type === 'refusal') && part.text !== '' ? [{ text: part.text }] : [];

/** OpenAI's voices, which Gemini does not have. Source: OpenAI's documentation, "Text to speech". */
const OPENAI_VOICES: ReadonlySet<string> = new Set([
  ...['alloy', 'ash', 'ballad', 'cedar', 'coral', 'echo', 'fable', 'marin', 'nova', 'onyx', 'sage', 'shimmer', 'verse'],
]);

/** Writes the output modalities. Speech models return only audio. Source: Google's documentation, "Speech generation". */
function writeModalities({ answersWith, speech = {} }: NeutralRequest, dropped: string[]): JsonObject {
  if (answersWith === undefined) return {};
  if (answersWith === 'image') return { responseModalities: ['TEXT', 'IMAGE'] };
  const { voice, format = 'wav' } = speech;
  if (format !== 'wav' && format !== 'pcm16') unsupportedParam('audio.format', `${PROVIDER}, which returns wav or pcm16`);
  const isKnown = voice !== undefined && !OPENAI_VOICES.has(voice);
  if (voice !== undefined && !isKnown) dropped.push('audio.voice');
  const speechConfig = isKnown ? { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } } : undefined;
  return defined({ responseModalities: ['AUDIO'], speechConfig });
}
