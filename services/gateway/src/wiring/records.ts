import {
  type AuditRecord,
  BudgetLeases,
  cacheTier,
  FallbackLimiter,
  InFlightCalls,
  MeteringMemory,
  QuotaLeases,
  ReplicaShares,
  type SharedUsage,
} from '@sluice/proxies';
import type { Meters } from '@sluice/store/ports';
import { logLines } from '@sluice/telemetry';
import { Drains } from '../drain/drains.ts';
import type { Component } from '../lifecycle/component.ts';
import { AuditWriter } from '../records/audit-writer.ts';
import { CrashRecovery } from '../records/crash-recovery.ts';
import type { Foundation } from './foundation.ts';
import type { Routing } from './routing.ts';

/** Limits, budgets and the records of calls. */
export interface Records {
  readonly auditWriter: AuditWriter;
  readonly inFlight: InFlightCalls;
  readonly fallback: FallbackLimiter;
  readonly metering: MeteringMemory;
  /** The limits and budgets of calls. */
  readonly meters: Meters;
  readonly components: readonly Component[];
}

export function openRecords(foundation: Foundation, { usage, maxReplicas }: Routing): Records {
  const { config, clock, health, stores, logger, metrics, replica } = foundation;
  const metering = new MeteringMemory(clock);
  const inFlight = new InFlightCalls();
  const leases = new BudgetLeases({ meters: stores.meters, clock, holder: replica, health: health.dependency('limits') });
  const quotaLeases = new QuotaLeases({
    ...{ meters: stores.meters, clock, health: health.dependency('limits'), pending: metering.pending, replicas: maxReplicas },
    // meters in this process need no round trip
    above: () => (stores.kind === 'redis' && config.value.limits.leaseAbove > 0 ? config.value.limits.leaseAbove : undefined),
  });
  const crashRecovery = new CrashRecovery({
    ...{ inFlight, store: stores.checkpoints, meters: stores.meters, clock, replica },
    healthy: () => stores.healthy(),
    onFault: (error) => logger.warn('search for calls of crashed replicas failed', { error: String(error) }),
  });
  const auditWriter = new AuditWriter({
    ...{ crashRecovery, settlements: metering.pending, trail: stores.audit, meters: stores.meters, metrics },
    logLines: (lines) => logLines(logger, lines),
    health: health.dependency('audit'),
    onRecord: (record) => countForDashboard(usage, record),
    onRestored: (records) => logger.warn('audit records lost by Redis were rewritten', { records }),
    onSetAside: ({ requestId, tenant }) =>
      logger.error('implausible amounts of a call excluded from all sums', { requestId, tenant }),
  });
  crashRecovery.writeTo(auditWriter);
  const components: Component[] = [
    openDrains(foundation),
    {
      name: 'crash recovery',
      start: () => (stores.kind === 'redis' ? crashRecovery.start() : undefined),
      stop: () => crashRecovery.stop(),
    },
    {
      name: 'audit records',
      async stop() {
        // the writer still writes if this fails: its drops are counted and logged
        await auditWriter.flush().catch((error: unknown) => {
          logger.error('audit records lost at shutdown: the store is unavailable', { error: String(error) });
        });
        auditWriter.close();
      },
    },
    { name: 'budget leases', stop: () => (stores.healthy() ? leases.close() : undefined) },
    { name: 'quota leases', stop: () => (stores.healthy() ? quotaLeases.close() : undefined) },
  ];
  const fallback = new FallbackLimiter({ leases, shares: new ReplicaShares({ clock, maxReplicas }) });
  return { auditWriter, inFlight, fallback, metering, meters: quotaLeases, components };
}

function openDrains({ settings, stores, clock, metrics, health, logger }: Foundation): Component {
  const drains = new Drains({
    ...{ trail: stores.audit, clock, metrics, logger },
    health: (name) => health.dependency(`drain_${name}`),
  });
  return {
    name: 'audit drains',
    start: () => drains.configure(settings.config.audit.drain),
    reload: (config) => drains.configure(config.audit.drain),
    stop: () => drains.close(),
  };
}

function countForDashboard(usage: SharedUsage, record: AuditRecord): void {
  usage.count('requests');
  const tier = cacheTier(record.cache);
  if (tier !== undefined) {
    usage.count('cache:hits');
    usage.count(`cache:hits:${tier}`);
    if (record.savedNanos !== undefined) usage.count(`saved_nanos:${tier}`, record.savedNanos);
  } else if (record.cache === 'miss') usage.count('cache:misses');
  if (record.error === 'invalid_api_key') usage.count('auth_failures');
  if (record.savedNanos !== undefined) usage.count('saved_nanos', record.savedNanos);
}
