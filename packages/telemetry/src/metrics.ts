import { collectDefaultMetrics, Registry } from 'prom-client';
import { callMetrics } from './metrics/call-metrics.ts';
import { configMetrics, healthMetrics } from './metrics/health-metrics.ts';
import { MetricFactory } from './metrics/metric-factory.ts';
import { providerMetrics } from './metrics/provider-metrics.ts';
import { realtimeMetrics } from './metrics/realtime-metrics.ts';
import { recordMetrics } from './metrics/record-metrics.ts';
import { limitMetrics, usageMetrics } from './metrics/usage-metrics.ts';

export interface BuildInfo {
  readonly version: string;
  readonly node: string;
}

/**
 * Creates all metrics (docs/api.md). Label values come from the configuration or from short fixed lists, never from what a client
 * sends, so that the number of series has a bound.
 */
export function createMetrics(build: BuildInfo) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // promtool refuses gauges with a counter's name; the same figures are exported by type
  for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  const create = new MetricFactory(registry);
  create
    .gauge('sluice_build_info', 'Versions of the gateway and of Node.js; always 1.', ['version', 'node'])
    .set({ ...build }, 1);
  return {
    registry,
    ...callMetrics(create),
    ...providerMetrics(create),
    ...usageMetrics(create),
    ...limitMetrics(create),
    ...recordMetrics(create),
    ...realtimeMetrics(create),
    ...healthMetrics(create),
    ...configMetrics(create),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
