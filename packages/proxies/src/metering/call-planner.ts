import type { Clock, Limits, LlmCall } from '@sluice/core';
import type { Model } from '../routing/model.ts';
import type { OutputHistory } from './output-history.ts';
import { type CallPlan, ChargeList, needsEstimate } from './plan.ts';
import type { QuotaScope } from './quota-scope.ts';
import { adaptiveAmounts, fullAmounts, type ReserveAmounts, turnAmounts } from './reserve-amounts.ts';

export interface CallPlannerOptions {
  readonly clock: Clock;
  readonly groups: (call: LlmCall) => readonly QuotaScope[];
  readonly models: { get(name: string): Model | undefined } | undefined;
  /** Response lengths for adaptive reservations. Undefined to reserve the maximum of the response. */
  readonly outputs: OutputHistory | undefined;
}

/** Plans the charges of calls on the limits of their key and of its quota scopes. */
export class CallPlanner {
  readonly #options: CallPlannerOptions;

  constructor(options: CallPlannerOptions) {
    this.#options = options;
  }

  /** Returns undefined for a call without limits. */
  plan(call: LlmCall): CallPlan | undefined {
    const { caller } = call.context;
    if (caller === undefined) return undefined;
    const { tenant, keyName: subject, limits } = caller;
    const groups = this.#options.groups(call);
    // tokens and money of a session are metered by its turns
    const metersAmounts = call.operation !== 'realtime' || call.turn !== undefined;
    const counted = metersAmounts && (needsEstimate(limits) || groups.some((group) => needsEstimate(group.limits)));
    const amounts = counted ? this.#amounts(call, tenant, subject) : undefined;
    const list = new ChargeList(amounts, this.#options.clock.now());
    list.add(limitsOf(call, limits), undefined);
    for (const group of groups) list.add(limitsOf(call, group.limits), group);
    const { charges } = list;
    return charges.length === 0 ? undefined : { tenant, subject, callId: call.id, charges, amounts };
  }

  #amounts(call: LlmCall, tenant: string, subject: string): ReserveAmounts {
    const { models, outputs } = this.#options;
    const { model } = call.message.view();
    const targets = models?.get(model);
    if (call.turn !== undefined) return turnAmounts(call, targets);
    const likelyTokens = outputs?.likely(tenant, subject, model);
    return likelyTokens === undefined ? fullAmounts(call, targets) : adaptiveAmounts(call, targets, likelyTokens);
  }
}

/**
 * Returns the limits that apply to a call. A turn takes only tokens and money: its session is the request and the concurrent
 * call.
 */
const limitsOf = (call: LlmCall, limits: Limits): Limits =>
  call.turn === undefined ? limits : { tokens: limits.tokens, budget: limits.budget };
