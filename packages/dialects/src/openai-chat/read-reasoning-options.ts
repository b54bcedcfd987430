import { defined } from '@sluice/core';
import { EFFORTS, knownEffort } from '../neutral/effort.ts';
import { isNumber, isObject, isString, type JsonObject, member, optional, wrongField } from '../neutral/read-json.ts';
import type { ReasoningOptions } from '../neutral/request.ts';

/**
 * Reads the reasoning setting: OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, Anthropic's `thinking` as LiteLLM's
 * clients send it, or Qwen's `enable_thinking`.
 */
export function readReasoningOptions(body: JsonObject): ReasoningOptions | undefined {
  const given = optional(body['reasoning_effort'], 'reasoning_effort', isString, 'a string');
  if (given !== undefined) {
    const effort = knownEffort(given);
    if (effort === undefined) wrongField('reasoning_effort', `one of ${EFFORTS.join(', ')}`);
    return defined({ effort, show: true });
  }
  return readReasoning(body) ?? readThinking(body) ?? readSwitch(body);
}

/** Source: OpenRouter's documentation, "Reasoning tokens". */
function readReasoning({ reasoning }: JsonObject): ReasoningOptions | undefined {
  if (!isObject(reasoning)) return undefined;
  if (reasoning['enabled'] === false) return { effort: 'none' };
  const effort = knownEffort(reasoning['effort']);
  const budget = reasoning['max_tokens'];
  return defined({
    effort,
    budgetTokens: effort === undefined && isNumber(budget) ? budget : undefined,
    show: reasoning['exclude'] === true ? undefined : true,
  });
}

function readThinking({ thinking }: JsonObject): ReasoningOptions | undefined {
  const type = member(thinking, 'type');
  if (type === 'disabled') return { effort: 'none' };
  if (type !== 'enabled' && type !== 'adaptive') return undefined;
  const budget = member(thinking, 'budget_tokens');
  return defined({ budgetTokens: isNumber(budget) ? budget : undefined, show: true });
}

function readSwitch({ enable_thinking: value }: JsonObject): ReasoningOptions | undefined {
  if (value === true) return { show: true };
  return value === false ? { effort: 'none' } : undefined;
}
