import { NANOS_PER_USD } from '@sluice/core';
import { type AuditRecord, BudgetLeases, LocalShares, MeteringMemory, type SharedUsage, UnderWay } from '@sluice/proxies';
import { logLines } from '@sluice/telemetry';
import { Drains } from '../drain/drains.ts';
import type { Component } from '../lifecycle/component.ts';
import { AuditWriter } from '../records/audit-writer.ts';
import { CrashWatch } from '../records/crash-watch.ts';
import type { Foundation } from './foundation.ts';
import type { Routing } from './routing.ts';

/** Limits, budgets and the records of calls. */
export interface Records {
  readonly auditWriter: AuditWriter;
  readonly underWay: UnderWay;
  readonly leases: BudgetLeases;
  readonly shares: LocalShares;
  readonly metering: MeteringMemory;
  readonly components: readonly Component[];
}

export function openRecords(foundation: Foundation, { usage, maxReplicas }: Routing): Records {
  const { clock, health, stores, logger, metrics, replica } = foundation;
  const metering = new MeteringMemory(clock);
  const underWay = new UnderWay();
  const leases = new BudgetLeases({ meters: stores.meters, clock, holder: replica, health: health.concern('limits') });
  const crashWatch = new CrashWatch({
    ...{ underWay, store: stores.underWay, meters: stores.meters, clock, replica },
    healthy: () => stores.healthy(),
    onFault: (error) => logger.warn('search for calls of crashed replicas failed', { error: String(error) }),
  });
  const auditWriter = new AuditWriter({
    ...{ crashWatch, settlements: metering.pending, trail: stores.audit, meters: stores.meters, metrics },
    logLines: (lines) => logLines(logger, lines),
    health: health.concern('audit'),
    onRecord: (record) => countForDashboard(usage, record),
    onRestored: (records) => logger.warn('audit records lost by Redis were rewritten', { records }),
    onSetAside: ({ requestId, tenant }) =>
      logger.error('implausible amounts of a call excluded from all sums', { requestId, tenant }),
  });
  crashWatch.writeTo(auditWriter);
  const components: Component[] = [
    openDrains(foundation),
    {
      name: 'crash recovery',
      start: () => (stores.kind === 'redis' ? crashWatch.start() : undefined),
      stop: () => crashWatch.stop(),
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
  ];
  return { auditWriter, underWay, leases, shares: new LocalShares({ clock, maxReplicas }), metering, components };
}

function openDrains({ settings, stores, clock, metrics, health, logger }: Foundation): Component {
  const drains = new Drains({
    ...{ trail: stores.audit, clock, metrics, logger },
    health: (name) => health.concern(`drain_${name}`),
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
  if (record.cache === 'hit') usage.count('cache:hits');
  else if (record.cache === 'miss') usage.count('cache:misses');
  if (record.error === 'invalid_api_key') usage.count('auth_failures');
  if (record.savedUsd !== null) usage.count('saved_nanos', Math.round(record.savedUsd * NANOS_PER_USD));
}
