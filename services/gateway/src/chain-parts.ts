import type { GatewayConfig } from '@sluice/config';
import type { DependencyHealth } from '@sluice/core';
import type {
  Authenticator,
  CircuitBreakers,
  FallbackLimiter,
  InFlightCalls,
  MeteringMemory,
  RoutingMemory,
  SharedLoads,
  SharedUsage,
  SleepWatch,
} from '@sluice/proxies';
import type { Meters, Stores } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import type { LoadMonitor } from './health/load-monitor.ts';
import type { QuotaScopes } from './identity/quota-scopes.ts';
import type { Models } from './models/models.ts';
import type { AuditWriter } from './records/audit-writer.ts';

/** What the layers of the chain need. */
export interface ChainParts {
  readonly config: GatewayConfig;
  readonly stores: Stores;
  readonly callers: Authenticator;
  readonly groups: QuotaScopes;
  readonly fallback: FallbackLimiter;
  readonly metering: MeteringMemory;
  readonly meters: Meters;
  readonly routing: RoutingMemory;
  readonly inFlight: InFlightCalls;
  readonly models: Models;
  readonly usage: SharedUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly overload: LoadMonitor;
  readonly sleepWatch: SleepWatch;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly concerns: {
    readonly limits: DependencyHealth;
    readonly cache: DependencyHealth;
    readonly objects: DependencyHealth;
    readonly responses: DependencyHealth;
  };
}
