import type { Counter, Gauge, Histogram } from '@sluice/core';

/**
 * The metrics of the proxies. An adapter of a metrics library implements them (`@sluice/telemetry`).
 *
 * @example
 * const shed: Counter<'reason'> = { inc: (labels) => console.log('shed', labels?.reason) };
 * const layer = loadShedding({ pressure: () => undefined, metrics: { shed } });
 */
export interface ProxyMetrics {
  readonly inFlight: Gauge;
  readonly requests: Counter<'route' | 'model' | 'provider' | 'status' | 'cache'>;
  readonly requestDuration: Histogram<'route' | 'cache'>;
  readonly overhead: Histogram<'cache'>;
  readonly timeToFirstToken: Histogram<'provider'>;
  readonly upstreamDuration: Histogram<'provider'>;
  readonly tokens: Counter<'provider' | 'model' | 'type'>;
  readonly cost: Counter<'provider' | 'model'>;
  readonly saved: Counter<'provider' | 'model' | 'kind'>;
  readonly unpriced: Counter<'provider' | 'model'>;
  readonly attempts: Counter<'provider' | 'outcome'>;
  readonly usageEstimated: Counter<'provider' | 'reason'>;
  readonly retries: Counter<'provider'>;
  readonly fallbacks: Counter<'model' | 'reason'>;
  readonly hedges: Counter<'provider' | 'outcome'>;
  readonly shed: Counter<'reason'>;
  readonly authFailures: Counter<'reason'>;
  readonly cacheLookups: Counter<'kind' | 'result'>;
  readonly semanticLabels: Counter<'bin' | 'result'>;
  readonly semanticVetoes: Counter<'reason'>;
  readonly semanticRevocations: Counter<'bin'>;
  readonly rateLimited: Counter<'meter'>;
  readonly budgetRejected: Counter;
  readonly budgetExceeded: Counter<'owner'>;
}
