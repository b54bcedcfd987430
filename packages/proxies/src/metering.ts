import {
  type BudgetLimit,
  type Caller,
  type Clock,
  type ConcernHealth,
  isStreamed,
  type Limits,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  limitsIn,
  type MeterState,
  PerCall,
  systemClock,
  toUsd,
  unwatched,
} from '@sluice/core';
import type { BudgetHold, Hold, Meters, ReservationResult } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import type { BudgetLeases } from './budget-leases.ts';
import { periodAt } from './budget-period.ts';
import { type CallEstimate, estimateCall } from './call-estimate.ts';
import { FullWindows } from './full-windows.ts';
import { HeldAmounts, heldPlace, LEASE_MS } from './held-amounts.ts';
import type { Admitted, LocalShares } from './local-shares.ts';
import type { Model } from './targets/model.ts';

export interface MeteringOptions {
  readonly meters: Meters;
  /** What a call may cost is told by its model's targets. */
  readonly models?: { get(name: string): Model | undefined };
  /** What the call's team, tenant, end user and model may use together. */
  readonly groups?: (call: LlmCall) => readonly CallerGroup[];
  readonly clock?: Clock;
  readonly metrics?: Pick<Metrics, 'rateLimited' | 'budgetRejected' | 'budgetExceeded'>;
  /** What hard budgets go on with while the store is away. */
  readonly leases?: BudgetLeases;
  /** What limits of requests, tokens and calls at one time go on with. */
  readonly shares?: LocalShares;
  /**
   * Where the store fails, this replica goes on by its share of limits and its leases of hard budgets, and refuses what they do not allow. What could not
   * be given back is freed by its lease.
   */
  readonly health?: ConcernHealth;
}

/** Calls that share limits beside their key's own. A model's are those of one tenant: all meters of a call stand beside its tenant's. */
export interface CallerGroup {
  readonly kind: 'team' | 'tenant' | 'user' | 'model';
  readonly name: string;
  /** Of an end user, whose it is. */
  readonly key?: string;
  readonly limits: Limits;
}

/** Whose meters a group's are; no key has such a name. */
export const groupSubject = ({ kind, name, key }: Pick<CallerGroup, 'kind' | 'name' | 'key'>): string =>
  key === undefined ? `@${kind}:${name}` : `@${kind}:${key}:${name}`;

/** What is reserved for a call. */
interface Reservation {
  readonly holds: readonly Hold[];
  /** Whose the holds are, one by one: undefined for the key's own. */
  readonly owners: readonly (CallerGroup | undefined)[];
  readonly result: Promise<ReservationResult>;
  /** The soft budgets among the holds, one by one: undefined for what is no soft budget. */
  readonly soft: readonly (BudgetLimit | undefined)[];
  /** Only where tokens or money are limited. */
  readonly estimate: CallEstimate | undefined;
}

/** How a call was admitted. */
interface Admission {
  readonly receipts: readonly number[];
  /** By leases and shares, without the store. */
  readonly leased: boolean;
  readonly noted: Admitted | undefined;
}

const isBudget = (hold: Hold): hold is BudgetHold => hold.kind === 'budget';

const isOfUser = ({ subject }: BudgetHold): boolean => subject?.startsWith('@user:') === true;

/** The budgets of a reservation that are enforced. */
const hardBudgets = ({ holds, soft }: Reservation): BudgetHold[] =>
  holds.filter((hold, n): hold is BudgetHold => isBudget(hold) && soft[n] === undefined);

/**
 * Holds a caller to its limits, over all replicas: calls and tokens in a sliding window, money in a stretch of the calendar, and calls in flight at one time.
 * What a call may come to is reserved before it is made, on all meters or on none, and settled when it is known what it came to. What is refused is not
 * charged. A caller without limits costs no trip.
 *
 * @throws LlmError `rate_limit_exceeded`, `insufficient_quota`, `limiter_unavailable`, `budget_unavailable`
 */
export function metering(options: MeteringOptions): LlmProxy {
  const { meters, metrics, models, leases, shares } = options;
  const clock = options.clock ?? systemClock;
  const health = options.health ?? unwatched;
  const reservations = new PerCall<Reservation | 'none'>();
  const held = new HeldAmounts(meters, health);
  const fullWindows = new FullWindows(clock);

  const ofCall = (call: LlmCall) => {
    const { tenant, keyName } = call.facts.caller as Caller;
    return { tenant, subject: keyName, callId: call.id };
  };

  const refuse = (call: LlmCall, refusal: ReservationResult & { admitted: false }, owner: CallerGroup | undefined): LlmError => {
    call.facts.meters = tightest(refusal.meters);
    if (refusal.meter === 'budget') metrics?.budgetRejected.inc();
    else metrics?.rateLimited.inc({ meter: owner === undefined ? refusal.meter : `${owner.kind}_${refusal.meter}` });
    return fullMeter(refusal, owner);
  };

  /** @throws LlmError where the call is known to be refused */
  const reserve = (call: LlmCall): Reservation | 'none' => {
    const caller = call.facts.caller;
    if (caller === undefined) return 'none';
    const groups = options.groups?.(call) ?? [];
    const counted = isCounted(caller.limits) || groups.some(({ limits }) => isCounted(limits));
    const estimate = counted ? estimateCall(call, models?.get(call.message.view().model)) : undefined;
    const nowMs = clock.now();
    const holds: Hold[] = [];
    const owners: (CallerGroup | undefined)[] = [];
    const soft: (BudgetLimit | undefined)[] = [];
    const add = (limits: Limits, group: CallerGroup | undefined): void => {
      for (const { hold, soft: budget } of holdsOf(limits, group, estimate, nowMs)) {
        holds.push(hold);
        owners.push(group);
        soft.push(budget);
      }
    };
    add(caller.limits, undefined);
    for (const group of groups) add(group.limits, group);
    if (holds.length === 0) return 'none';
    const of = ofCall(call);
    const known = fullWindows.refusal(of.tenant, of.subject, holds);
    if (known !== undefined) throw refuse(call, known, owners[known.full]);
    const result = meters.reserve({ ...of, holds });
    // it is awaited later; until then a failure must not count as unhandled
    result.catch(() => {});
    return { holds, owners, soft, result, estimate };
  };

  /** @param leased whether it was admitted from leases, without the store */
  const settle = (call: LlmCall, reservation: Reservation, { receipts, leased, noted }: Admission): void => {
    const { holds, estimate } = reservation;
    if (estimate === undefined && !leased) {
      noted?.settle(({ kind }) => (kind === 'window' ? 1 : 0));
      held.release(holds.flatMap((hold) => heldPlace(ofCall(call), hold)));
      return;
    }
    const { usage, cost, cache } = call.facts;
    const free = cache === 'hit' || usage === undefined;
    const tokens = free ? 0 : usage.inputTokens + usage.outputTokens;
    const paid = free ? 0 : (cost ?? 0);
    const hard = leases === undefined ? [] : hardBudgets(reservation);
    const onSettled = leased ? leases?.settled(ofCall(call), hard, paid) : undefined;
    // of end users there are too many to keep leases of
    for (const hold of hard) if (!isOfUser(hold)) leases?.spent(ofCall(call), hold, paid);
    noted?.settle((hold) => actualOf(hold, tokens, paid));
    const settled = holds.map((hold, n) => ({ hold, receipt: receipts[n] ?? 0, actual: actualOf(hold, tokens, paid) }));
    held.settle({ ...ofCall(call), holds: settled, ...(leased ? { unreserved: true } : {}) }, onSettled);
  };

  const noteExceeded = (call: LlmCall, { holds, owners, soft }: Reservation, states: readonly MeterState[]): void => {
    soft.forEach((budget, n) => {
      const used = (holds[n] as Hold).limit - (states[n]?.remaining ?? 0);
      if (budget === undefined || used <= budget.amount) return;
      const owner = owners[n]?.kind ?? 'key';
      if (call.facts.overBudget.includes(owner)) return;
      call.facts.overBudget = [...call.facts.overBudget, owner];
      metrics?.budgetExceeded.inc({ owner });
    });
  };

  /** Admits a call without the store: by this replica's share of its limits, and its leases of its hard budgets. Soft ones refuse nothing. */
  const admitAlone = (call: LlmCall, reservation: Reservation): Admission | undefined => {
    const { holds } = reservation;
    const hard = hardBudgets(reservation);
    const limits = holds.filter((hold) => !isBudget(hold));
    const noted = limits.length === 0 ? undefined : shares?.take(ofCall(call), limits);
    if (limits.length > 0 && noted === undefined) return undefined;
    if (hard.length > 0 && leases?.take(ofCall(call), hard) !== true) {
      noted?.settle(() => 0);
      return undefined;
    }
    const degraded = [...(limits.length === 0 ? [] : ['limits']), ...(holds.some(isBudget) ? ['budget'] : [])];
    call.facts.degraded = [...call.facts.degraded, ...degraded];
    return { receipts: [], leased: true, noted };
  };

  return (next) => {
    const serve = async (call: LlmCall, reservation: Reservation, admission: Admission): Promise<LlmReply> => {
      const { tenant, subject } = ofCall(call);
      held.hold(ofCall(call), reservation.holds);
      const budgets = reservation.holds.filter(isBudget);
      if (budgets.length > 0) {
        call.facts.charged = budgets.map(({ subject: of = subject, period, endsAtMs, amount }) => {
          return { tenant, subject: of, period, endsAtMs, reserved: amount };
        });
      }
      try {
        const reply = await next.complete(call);
        const done = (): void => settle(call, reservation, admission);
        if (isStreamed(reply)) void reply.stream.outcome.then(done);
        else done();
        return reply;
      } catch (error) {
        settle(call, reservation, admission);
        throw error;
      }
    };
    return {
      prepare(call) {
        reservations.set(call, reserve(call));
      },
      async complete(call) {
        const reservation = reservations.get(call) ?? reserve(call);
        if (reservation === 'none') return next.complete(call);
        const { holds } = reservation;
        let result: ReservationResult;
        try {
          result = await reservation.result;
          health.works();
        } catch (error) {
          health.failed(error);
          // the call is counted when the store is back: what settles it comes before a script that runs late
          const admission = admitAlone(call, reservation);
          if (admission !== undefined) return await serve(call, reservation, admission);
          // the script may still run when the server wakes: give back what it would take
          if (holds.some(isBudget)) {
            const nothing = holds.map((hold) => ({ hold, receipt: 0, actual: hold.kind === 'window' ? hold.amount : 0 }));
            held.settle({ ...ofCall(call), holds: nothing });
          } else {
            held.release(holds.flatMap((hold) => heldPlace(ofCall(call), hold)));
          }
          throw unavailable(holds, error);
        }
        call.facts.meters = tightest(result.meters);
        // the store was told that this call is over: that says nothing of its limits
        if (!result.admitted && result.full === -1) throw unavailable(holds, undefined);
        if (!result.admitted) {
          const owner = reservation.owners[result.full];
          const full = holds[result.full];
          if (full !== undefined && isBudget(full)) leases?.giveBack(ofCall(call), full);
          const { tenant, subject } = ofCall(call);
          fullWindows.note(tenant, subject, holds, result);
          throw refuse(call, result, owner);
        }
        noteExceeded(call, reservation, result.meters);
        const noted = shares?.note(ofCall(call), holds);
        return await serve(call, reservation, { receipts: result.receipts, leased: false, noted });
      },
    };
  };
}

/** Whether it must be known what a call may come to. */
const isCounted = ({ tokens, budget }: Limits): boolean => tokens !== undefined || budget !== undefined;

/** Of a soft budget: what is reserved and spent is counted as of any, and never too much. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** What is to be reserved, with the soft budget that it is of. */
interface Wanted {
  readonly hold: Hold;
  readonly soft?: BudgetLimit;
}

function holdsOf(limits: Limits, group: CallerGroup | undefined, estimate: CallEstimate | undefined, nowMs: number): Wanted[] {
  const { requests, tokens, budget, concurrent } = limits;
  const of = group === undefined ? {} : { subject: groupSubject(group) };
  const holds: Wanted[] = [];
  for (const { limit, windowMs } of limitsIn(requests)) {
    holds.push({ hold: { ...of, kind: 'window', meter: 'requests', limit, windowMs, amount: 1 } });
  }
  if (estimate !== undefined) {
    // what can never fit is let through to the meter whole: it says so
    const amount = estimate.usage.inputTokens + estimate.usage.outputTokens;
    for (const { limit, windowMs } of limitsIn(tokens)) {
      holds.push({ hold: { ...of, kind: 'window', meter: 'tokens', limit, windowMs, amount } });
    }
  }
  for (const one of estimate === undefined ? [] : limitsIn(budget)) {
    const { name: period, endsAtMs } = periodAt(one.period, nowMs);
    const amount = estimate?.cost ?? 0;
    const limit = one.soft ? NO_LIMIT : one.amount;
    holds.push({
      hold: { ...of, kind: 'budget', meter: 'budget', limit, amount, period, endsAtMs, leaseMs: LEASE_MS },
      ...(one.soft ? { soft: one } : {}),
    });
  }
  if (concurrent !== undefined) {
    holds.push({ hold: { ...of, kind: 'concurrency', meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS } });
  }
  return holds;
}

/** Of the meters of one kind, the key's and its groups', the one that has the least left. Money is nobody's business but the administrator's. */
function tightest(meters: readonly MeterState[]): MeterState[] {
  const least = new Map<string, MeterState>();
  for (const state of meters) {
    const known = least.get(state.meter);
    if (state.meter !== 'budget' && (known === undefined || state.remaining < known.remaining)) least.set(state.meter, state);
  }
  return [...least.values()];
}

function actualOf(hold: Hold, tokens: number, cost: number): number {
  if (hold.kind === 'budget') return cost;
  return hold.kind === 'window' && hold.meter === 'requests' ? hold.amount : tokens;
}

function unavailable(holds: readonly Hold[], cause: unknown): LlmError {
  const [code, what] = holds.some(({ kind }) => kind === 'budget')
    ? (['budget_unavailable', 'budget'] as const)
    : (['limiter_unavailable', 'limits'] as const);
  return new LlmError(code, `The ${what} of this key cannot be checked right now.`, { retryAfterMs: 1_000, cause });
}

function fullMeter(result: ReservationResult & { admitted: false }, owner: CallerGroup | undefined): LlmError {
  const { retryAfterMs } = result;
  const state = result.meters[result.full];
  const limit = state?.limit ?? 0;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const of = owner === undefined ? '' : ` of the ${owner.kind} ${owner.name}`;
  switch (result.meter) {
    case 'concurrent': {
      const whose = owner === undefined ? 'of this key' : of.trimStart();
      return new LlmError('rate_limit_exceeded', `Too many calls at one time: ${limit} ${whose} are in flight already.`, {
        retryAfterMs,
      });
    }
    case 'budget':
      return new LlmError(
        'insufficient_quota',
        `The budget${of} of ${toUsd(limit)} USD is spent, or what is left of it (${toUsd(state?.remaining ?? 0)} USD) does not pay for what this call may cost.`,
        { retryAfterMs },
      );
    default:
      return new LlmError(
        'rate_limit_exceeded',
        `The limit${of} of ${limit} ${result.meter} is reached. Try again in ${seconds} s.`,
        { retryAfterMs },
      );
  }
}
