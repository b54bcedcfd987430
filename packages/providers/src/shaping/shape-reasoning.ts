import { defined } from '@sluice/core';
import { budgetOf, EFFORTS, type Effort, effortOf, type NeutralRequest, type ReasoningOptions } from '@sluice/dialects';
import type { ReasoningProfile } from '../profiles/model-profile.ts';
import type { Shaping } from './shaping.ts';

const NAME = 'reasoning_effort';

/** Requests reasoning in the model's form, as far as the model supports it. Omits it if the rest of the request excludes it. */
export function shapeReasoning(request: NeutralRequest, { profile, stream, dropped }: Shaping): NeutralRequest {
  const { reasoning: requested, ...rest } = request;
  const rule = profile.reasoning;
  if (rule.form === 'split') {
    if (requested !== undefined && effortOf(requested) === 'none') dropped.push(NAME);
    return { ...rest, reasoning: { form: 'split' } };
  }
  const { tools = [], toolChoice } = request;
  const forced = tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object');
  // these models reason by default, so reasoning must be switched off
  const cannot = (forced && !rule.withForcedTool) || (!stream && !rule.wholeAnswers);
  if (cannot && (rule.form === 'thinking' || rule.form === 'switch'))
    return { ...rest, reasoning: withoutReasoning(requested, rule, dropped) };
  if (requested === undefined) return request;
  const isOff = effortOf(requested) === 'none';
  if (rule.form === 'none') {
    if (!isOff) dropped.push(NAME);
    return rest;
  }
  const shaped = rule.form === 'budget' ? inBudget(requested, rule, dropped) : inEfforts(requested, rule, dropped);
  if (!forced || rule.withForcedTool || isOff) return { ...rest, reasoning: shaped };
  dropped.push(NAME);
  // the effort of the whole answer may be requested without reasoning
  return rule.form === 'adaptive' && shaped.effort !== undefined ? { ...rest, reasoning: { ...shaped, form: 'effort' } } : rest;
}

function withoutReasoning(
  requested: ReasoningOptions | undefined,
  { form }: ReasoningProfile,
  dropped: string[],
): ReasoningOptions {
  if (requested !== undefined && effortOf(requested) !== 'none') dropped.push(NAME);
  return form === 'thinking' || form === 'switch' ? { effort: 'none', form } : { effort: 'none' };
}

function inBudget(requested: ReasoningOptions, rule: ReasoningProfile, dropped: string[]): ReasoningOptions {
  const { minBudget = 0, maxBudget = Number.POSITIVE_INFINITY, usualBudget, efforts } = rule;
  const requestedBudget = budgetOf(requested);
  const form = 'budget';
  if (requestedBudget === 0) {
    if (efforts.includes('none')) return { budgetTokens: 0, form };
    dropped.push(NAME);
    return { ...requested, budgetTokens: minBudget, form };
  }
  // a negative budget lets the model choose
  const budget =
    requestedBudget === undefined || requestedBudget < 0
      ? usualBudget
      : Math.min(maxBudget, Math.max(minBudget, requestedBudget));
  if (budget !== undefined) return { ...requested, budgetTokens: budget, form };
  return requested.budgetTokens === undefined ? { ...requested, form } : { ...requested, budgetTokens: -1, form };
}

function inEfforts(requested: ReasoningOptions, { form, efforts }: ReasoningProfile, dropped: string[]): ReasoningOptions {
  const requestedEffort = effortOf(requested);
  const inForm = form === 'dialect' || form === 'none' ? {} : { form };
  const { show } = requested;
  const shown = defined({ show });
  if (form === 'dialect') return requested;
  if (requestedEffort === undefined) return { ...shown, ...inForm };
  const effort = nearest(requestedEffort, efforts);
  if (requestedEffort === 'none' && effort !== 'none') dropped.push(NAME);
  return { effort, ...shown, ...inForm };
}

/**
 * Returns the nearest accepted effort; of two equally near efforts the greater one. Never `none` for a caller that requests
 * reasoning.
 */
function nearest(effort: Effort, efforts: readonly Effort[]): Effort {
  if (efforts.includes(effort)) return effort;
  const at = EFFORTS.indexOf(effort);
  const accepted = efforts.filter((effort) => effort !== 'none');
  const distance = (effort: Effort): number => Math.abs(EFFORTS.indexOf(effort) - at);
  return accepted.reduce((best, one) => (distance(one) <= distance(best) ? one : best), accepted[0] ?? effort);
}
