import { budgetOf, effortOf } from '../neutral/effort.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { lacksReasoning } from '../neutral/tool-loop.ts';

/** Smallest accepted budget. Source: Amazon Bedrock's user guide, "Extended thinking". */
const MIN_BUDGET = 1_024;

/** Writes the reasoning setting for Claude at Bedrock, in the model-specific fields. */
export function writeThinking(
  request: NeutralRequest,
  dropped: string[],
): { thinking?: JsonObject; effort?: string; thinks: boolean } {
  const { reasoning, maxTokens } = request;
  if (reasoning === undefined) return { thinks: false };
  const { form } = reasoning;
  const requestedBudget = budgetOf(reasoning);
  if ((form === 'adaptive' || form === 'effort') && requestedBudget !== 0) {
    const named = effortOf(reasoning);
    const effort = named === undefined ? {} : { effort: named === 'minimal' ? 'low' : named };
    return form === 'effort' ? { ...effort, thinks: false } : { ...effort, thinks: true, thinking: { type: 'adaptive' } };
  }
  // reasoning counts against the client's limit, which is never raised, because the reservation is based on it
  const budget =
    requestedBudget === undefined || maxTokens === undefined
      ? requestedBudget
      : Math.min(requestedBudget, Math.max(0, maxTokens - 1));
  if (budget !== undefined && budget >= MIN_BUDGET && !lacksReasoning(request, 'bedrock-converse')) {
    return { thinks: true, thinking: { type: 'enabled', budget_tokens: budget } };
  }
  if (requestedBudget !== undefined && requestedBudget > 0) dropped.push('reasoning_effort');
  return { thinks: false };
}
