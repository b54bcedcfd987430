import type { MetricFactory } from './metric-factory.ts';

/** Creates the metrics of the audit trail and its drains. */
export const recordMetrics = (create: MetricFactory) => ({
  auditDropped: create.counter('sluice_audit_dropped_total', 'Audit records that could not be stored.'),
  auditSetAside: create.counter(
    'sluice_audit_set_aside_total',
    'Amounts of calls that are in no sum because they are out of range.',
  ),
  drained: create.counter('sluice_audit_drained_total', 'Audit records written to a drain.', ['sink']),
  drainLost: create.counter(
    'sluice_audit_drain_lost_total',
    'Audit records that were removed from the trail before a drain had written them.',
    ['sink'],
  ),
  drainBehind: create.gauge('sluice_audit_drain_behind', 'Audit records that a drain has not written yet.', ['sink']),
});
