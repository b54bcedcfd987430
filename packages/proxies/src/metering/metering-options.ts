import type { Clock, ConcernHealth, LlmCall } from '@sluice/core';
import type { Meters } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import type { Model } from '../targets/model.ts';
import type { BudgetLeases } from './budget-leases.ts';
import { BudgetQueue } from './budget-queue.ts';
import type { CallerGroup } from './caller-group.ts';
import type { LocalShares } from './local-shares.ts';
import { OutputHistory } from './output-history.ts';
import { PendingSettlements } from './pending-settlements.ts';

export interface MeteringSettings {
  /** How long a call waits, in ms, for a budget that calls in flight have reserved. */
  readonly waitMs: number;
  /** What is reserved for an answer: as much as it may have, or as much as it is likely to have. */
  readonly reserve: 'full' | 'adaptive';
}

export interface MeteringOptions {
  readonly meters: Meters;
  /** A model's targets say what a call may cost. */
  readonly models?: { get(name: string): Model | undefined };
  /** What the call's team, tenant, end user and model may use together. */
  readonly groups?: (call: LlmCall) => readonly CallerGroup[];
  readonly clock?: Clock;
  readonly metrics?: Pick<Metrics, 'rateLimited' | 'budgetRejected' | 'budgetExceeded'>;
  /** What hard budgets are spent from while the store is unavailable. */
  readonly leases?: BudgetLeases;
  /** What limits of requests, tokens and concurrent calls are taken from meanwhile. */
  readonly shares?: LocalShares;
  readonly health?: ConcernHealth;
  /** Outlives a changed configuration: calls that wait, settlements that are sent again, and the lengths of answers. */
  readonly memory?: MeteringMemory;
  readonly settings?: MeteringSettings;
}

/** What metering keeps of this replica's calls. */
export class MeteringMemory {
  readonly outputs = new OutputHistory();
  readonly pending = new PendingSettlements();
  readonly queue: BudgetQueue;
  waitMs = 0;

  constructor(clock: Clock) {
    this.queue = new BudgetQueue(clock, () => this.waitMs);
  }
}
