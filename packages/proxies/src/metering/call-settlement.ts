import type { LlmCall } from '@sluice/core';
import { type SettledCharge, saturated } from '@sluice/store/ports';
import type { FallbackLimiter } from './fallback-limiter.ts';
import type { Admission } from './limiter.ts';
import type { MeteringMemory } from './metering-options.ts';
import { type ActualAmounts, actualOf, type CallPlan } from './plan.ts';
import { heldSlots, type ReservationKeeper } from './reservation-keeper.ts';

const NOTHING: ActualAmounts = { tokens: 0, cost: 0 };

export interface CallSettlementOptions {
  readonly keeper: ReservationKeeper;
  readonly fallback: FallbackLimiter;
  readonly memory: MeteringMemory;
  /** Whether reservations depend on the lengths of earlier responses. */
  readonly adaptive: boolean;
}

/** Replaces the reservations of calls by their actual usage and cost. */
export class CallSettlement {
  readonly #options: CallSettlementOptions;

  constructor(options: CallSettlementOptions) {
    this.#options = options;
  }

  /**
   * Settles an admitted call at its end.
   *
   * @param outputLimit the maximum length of the response that its budgets paid for, in tokens
   */
  settle(call: LlmCall, plan: CallPlan, admission: Admission, outputLimit: number | undefined): void {
    const { reserved, confirmed, share } = admission;
    const { keeper, fallback } = this.#options;
    if (plan.amounts === undefined && confirmed) {
      share?.settle((charge) => actualOf(charge, NOTHING));
      keeper.release(heldSlots(plan, reserved));
      return;
    }
    const actual = call.context.account.isReplayed ? NOTHING : this.#actual(call, plan, outputLimit);
    const onLeaseRecorded = fallback.settle(plan, admission, actual.cost);
    share?.settle((charge) => actualOf(charge, actual));
    const charges = reserved.map(({ charge, amount, receipt }) => ({
      charge,
      amount,
      receipt,
      actual: actualOf(charge, actual),
    }));
    const { turn } = call;
    this.#send(plan, charges, confirmed, () => {
      onLeaseRecorded?.();
      turn?.onSettled?.();
    });
  }

  /** Charges a call that was used without a reservation: refused usage cannot be taken back. */
  charge(call: LlmCall, plan: CallPlan): void {
    const { usage = { inputTokens: 0, outputTokens: 0 }, cost = 0 } = call.context.account;
    const actual = { tokens: saturated(usage.inputTokens + usage.outputTokens), cost: saturated(cost) };
    const charges = plan.charges.map((charge) => ({ charge, actual: actualOf(charge, actual) }));
    this.#send(plan, charges, false);
  }

  /** Releases everything that the reservation of a refused call may have taken. If it still runs later, it takes nothing. */
  withdraw(plan: CallPlan): void {
    const charges = plan.charges.map((charge) => ({ charge, actual: 0 }));
    this.#send(plan, charges, false);
  }

  #send(plan: CallPlan, charges: readonly SettledCharge[], confirmed: boolean, onRecorded?: () => void): void {
    const { keeper, memory } = this.#options;
    const { tenant, subject, callId } = plan;
    keeper.settle({ tenant, subject, callId, unconfirmed: !confirmed, charges }, () => {
      onRecorded?.();
      memory.queue.settled(plan);
    });
  }

  #actual(call: LlmCall, plan: CallPlan, outputLimit: number | undefined): ActualAmounts {
    const { usage, cost = 0 } = call.context.account;
    if (usage === undefined) return NOTHING;
    if (this.#options.adaptive && call.turn === undefined) this.#noteOutput(call, plan, usage.outputTokens, outputLimit);
    return { tokens: saturated(usage.inputTokens + usage.outputTokens), cost: saturated(cost) };
  }

  /**
   * Records the length of a response. A response that reached its limit would have been longer: it counts twice its length, so
   * that later limits grow.
   */
  #noteOutput(call: LlmCall, { tenant, subject }: CallPlan, outputTokens: number, outputLimit: number | undefined): void {
    const { model, answers = 1 } = call.message.view();
    const each = Math.ceil(outputTokens / answers);
    const isCut = outputLimit !== undefined && outputTokens >= outputLimit;
    this.#options.memory.outputs.note(tenant, subject, model, isCut ? each * 2 : each);
  }
}
