import type { DialectName } from '@sluice/core';
import { DIALECTS, type JsonObject } from '@sluice/dialects';

export type Fate = 'translated' | 'dropped' | 'refused';

/** A value of a field in a caller's request, and other fields that the value requires. */
interface Sample {
  readonly value: unknown;
  readonly beside?: JsonObject;
}

const functionTool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const openAiTools = { tools: [functionTool] };
const responsesTools = { tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: false }] };
const anthropicTools = { tools: [{ name: 'f', input_schema: { type: 'object' } }] };
const geminiTools = { tools: [{ functionDeclarations: [{ name: 'f' }] }] };
const anything = { value: { anything: 1 } };
const schema = { type: 'object' };

/** A caller's minimal request, and a sample for each of its fields. Fields without a sample get a meaningless value. */
const CALLERS: Readonly<Record<string, { base: JsonObject; samples: Readonly<Record<string, Sample>> }>> = {
  'openai-chat': {
    base: { model: 'm', max_completion_tokens: 5_000, messages: [{ role: 'user', content: 'x' }] },
    samples: {
      model: { value: 'm' },
      messages: {
        value: [
          { role: 'developer', content: 'x' },
          { role: 'user', content: 'y' },
        ],
      },
      stream: { value: true },
      stream_options: { value: { include_usage: true }, beside: { stream: true } },
      max_tokens: { value: 9 },
      max_completion_tokens: { value: 9 },
      temperature: { value: 0.5 },
      top_p: { value: 0.5 },
      stop: { value: ['END'] },
      tools: { value: openAiTools.tools },
      tool_choice: { value: 'required', beside: openAiTools },
      functions: { value: [functionTool.function] },
      function_call: { value: { name: 'f' }, beside: { functions: [functionTool.function] } },
      parallel_tool_calls: { value: false, beside: openAiTools },
      response_format: { value: { type: 'json_schema', json_schema: { name: 'a', schema } } },
      reasoning_effort: { value: 'low' },
      user: { value: 'u' },
      service_tier: { value: 'flex' },
      seed: { value: 7 },
      presence_penalty: { value: 0.5 },
      frequency_penalty: { value: 0.5 },
      n: { value: 2 },
      logprobs: { value: true },
      top_logprobs: { value: 2, beside: { logprobs: true } },
      modalities: { value: ['audio'] },
    },
  },
  'openai-responses': {
    base: { model: 'm', max_output_tokens: 5_000, input: 'x' },
    samples: {
      model: { value: 'm' },
      input: { value: [{ role: 'user', content: 'x' }] },
      instructions: { value: 'x' },
      include: { value: ['reasoning.encrypted_content'] },
      stream: { value: true },
      stream_options: { value: { include_obfuscation: false }, beside: { stream: true } },
      max_output_tokens: { value: 9 },
      temperature: { value: 0.5 },
      top_p: { value: 0.5 },
      tools: { value: responsesTools.tools },
      tool_choice: { value: 'required', beside: responsesTools },
      parallel_tool_calls: { value: false, beside: responsesTools },
      text: { value: { format: { type: 'json_schema', name: 'a', schema } } },
      reasoning: { value: { effort: 'low', summary: 'auto' } },
      user: { value: 'u' },
      service_tier: { value: 'flex' },
      top_logprobs: { value: 2 },
      background: { value: true },
      store: { value: true },
    },
  },
  'anthropic-messages': {
    base: { model: 'm', max_tokens: 5_000, messages: [{ role: 'user', content: 'x' }] },
    samples: {
      model: { value: 'm' },
      messages: { value: [{ role: 'user', content: 'x' }] },
      system: { value: 'x' },
      max_tokens: { value: 9 },
      stream: { value: true },
      stop_sequences: { value: ['END'] },
      temperature: { value: 0.5 },
      top_p: { value: 0.5 },
      top_k: { value: 5 },
      tools: { value: anthropicTools.tools },
      tool_choice: { value: { type: 'any' }, beside: anthropicTools },
      thinking: { value: { type: 'enabled', budget_tokens: 1_024 } },
      output_config: { value: { format: { type: 'json_schema', schema } } },
      metadata: { value: { user_id: 'u' } },
      service_tier: { value: 'standard_only' },
    },
  },
  gemini: {
    base: { contents: [{ parts: [{ text: 'x' }] }], generationConfig: { maxOutputTokens: 5_000 } },
    samples: {
      contents: { value: [{ parts: [{ text: 'x' }] }] },
      systemInstruction: { value: { parts: [{ text: 'x' }] } },
      tools: { value: geminiTools.tools },
      toolConfig: { value: { functionCallingConfig: { mode: 'ANY' } }, beside: geminiTools },
      serviceTier: { value: 'flex' },
      temperature: { value: 0.5 },
      topP: { value: 0.5 },
      topK: { value: 5 },
      candidateCount: { value: 2 },
      maxOutputTokens: { value: 9 },
      stopSequences: { value: ['END'] },
      responseLogprobs: { value: true },
      logprobs: { value: 2, beside: { generationConfig: { responseLogprobs: true } } },
      presencePenalty: { value: 0.5 },
      frequencyPenalty: { value: 0.5 },
      seed: { value: 7 },
      responseMimeType: { value: 'application/json' },
      responseSchema: { value: { type: 'OBJECT' } },
      responseJsonSchema: { value: schema },
      thinkingConfig: { value: { thinkingBudget: 1_024, includeThoughts: true } },
      responseModalities: { value: ['AUDIO'] },
    },
  },
};

/** Gemini's fields next to the configuration, not in it. */
const GEMINI_TOP: ReadonlySet<string> = new Set([
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'serviceTier'],
  ...['safetySettings', 'cachedContent', 'labels', 'store'],
]);

export const CALLER_NAMES = Object.keys(CALLERS) as readonly DialectName[];

/**
 * Returns the fate of a field between caller and provider: sent, dropped and reported, or refused with its name.
 *
 * @param other a value that replaces the sample
 */
export function fateOf(
  from: DialectName,
  to: DialectName,
  field: string,
  other?: unknown,
): { fate: Fate; names: readonly string[] } {
  const { base, samples } = CALLERS[from] as (typeof CALLERS)[string];
  const { value, beside = {} }: Sample = other === undefined ? (samples[field] ?? anything) : { value: other };
  const inConfig = from === 'gemini' && !GEMINI_TOP.has(field);
  const config = { ...(base['generationConfig'] as object), ...(beside['generationConfig'] as object), [field]: value };
  const request = { ...base, ...beside, ...(inConfig ? { generationConfig: config } : { [field]: value }) };
  const { fieldNames } = DIALECTS[from];
  try {
    const stream = request['stream' as keyof typeof request] === true;
    const { dropped } = DIALECTS[to].writeRequest(DIALECTS[from].readRequest(request), 'm', stream);
    const names = dropped.map((name) => fieldNames[name] ?? name);
    return { fate: names.length === 0 ? 'translated' : 'dropped', names };
  } catch (error) {
    const { param = '' } = error as { param?: string };
    return { fate: 'refused', names: [fieldNames[param] ?? param] };
  }
}
