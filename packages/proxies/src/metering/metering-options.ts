import type { Clock, DependencyHealth, LlmCall } from '@sluice/core';
import type { Meters } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import type { Model } from '../routing/model.ts';
import { BudgetQueue } from './budget-queue.ts';
import type { FallbackLimiter } from './fallback-limiter.ts';
import { OutputHistory } from './output-history.ts';
import { PendingSettlements } from './pending-settlements.ts';
import type { PlannedCharge } from './plan.ts';
import type { QuotaScope } from './quota-scope.ts';

export interface MeteringSettings {
  /** Maximum wait of a call, in ms, for a budget that calls in flight have reserved. */
  readonly waitMs: number;
  /** Output tokens to reserve: the maximum of the response (`full`), or its likely length (`adaptive`). */
  readonly reserve: 'full' | 'adaptive';
}

export interface MeteringOptions {
  readonly meters: Meters;
  /** Targets of a model, which determine the cost estimate of a call. */
  readonly models?: { get(name: string): Model | undefined };
  /** Returns the quota scopes of the call: its team, tenant, end user and model. */
  readonly groups?: (call: LlmCall) => readonly QuotaScope[];
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'rateLimited' | 'budgetRejected' | 'budgetExceeded'>;
  /** Admits calls while the store is unavailable. By default only calls without limits and hard budgets. */
  readonly fallback?: FallbackLimiter;
  readonly health?: DependencyHealth;
  /** State that survives a reload: waiting calls, settlement retries and response lengths. */
  readonly memory?: MeteringMemory;
  readonly settings?: MeteringSettings;
}

/** State of metering about this replica's calls. */
export class MeteringMemory {
  readonly outputs = new OutputHistory();
  readonly pending = new PendingSettlements();
  readonly queue: BudgetQueue<PlannedCharge>;
  waitMs = 0;

  constructor(clock: Clock) {
    this.queue = new BudgetQueue<PlannedCharge>(clock, () => this.waitMs);
  }
}
