import { budgetOf, effortOf } from '../neutral/effort.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { lacksReasoning } from '../neutral/tool-loop.ts';

/** Default limit, which every current model allows: Anthropic requires one. */
const DEFAULT_MAX_TOKENS = 8_192;
/** Smallest accepted budget. Source: Anthropic's API reference, "Messages", `thinking`. */
const MIN_BUDGET = 1_024;

/** Reasoning settings in this format. */
export interface Thinking {
  readonly thinking?: JsonObject;
  readonly effort?: string;
  readonly maxTokens: number;
  /** Whether reasoning is enabled. */
  readonly thinks: boolean;
}

/** Writes the reasoning setting in the form that the model supports: with a budget, or adaptive with an effort. */
export function writeThinking(request: NeutralRequest, dropped: string[]): Thinking {
  const { reasoning } = request;
  const maxTokens = request.maxTokens ?? DEFAULT_MAX_TOKENS;
  const none = { maxTokens, thinks: false };
  if (reasoning === undefined) return none;
  const budget = budgetOf(reasoning);
  if (budget === 0) return { ...none, thinking: { type: 'disabled' } };
  const { form, show } = reasoning;
  if (form === 'adaptive' || form === 'effort') {
    const named = effortOf(reasoning);
    const effort = named === undefined ? {} : { effort: named === 'minimal' ? 'low' : named };
    if (form === 'effort') return { ...none, ...effort };
    const display = show === true ? { display: 'summarized' } : {};
    return { ...effort, maxTokens, thinks: true, thinking: { type: 'adaptive', ...display } };
  }
  if (budget === undefined || budget < 0) {
    if (show !== true) return none;
    return form === undefined ? { maxTokens, thinks: true, thinking: { type: 'adaptive' } } : none;
  }
  // reasoning counts against the limit: a client's limit covers both, the default limit is increased by the budget
  const limit = request.maxTokens === undefined ? maxTokens + budget : maxTokens;
  const fits = Math.min(budget, limit - 1);
  if (fits >= MIN_BUDGET && !lacksReasoning(request, 'anthropic-messages')) {
    return { maxTokens: limit, thinks: true, thinking: { type: 'enabled', budget_tokens: fits } };
  }
  dropped.push('reasoning_effort');
  return none;
}
