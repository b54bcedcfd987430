import { type MetricFactory, REQUEST_BUCKETS_S } from './metric-factory.ts';

/** Creates the metrics of attempts at providers. */
export const providerMetrics = (create: MetricFactory) => ({
  attempts: create.counter('sluice_upstream_attempts_total', 'Attempts at a provider.', ['provider', 'outcome']),
  retries: create.counter('sluice_retries_total', 'Retries of a call at the targets of its model.', ['provider']),
  fallbacks: create.counter('sluice_fallbacks_total', 'Calls that fell back to another model, by requested model.', [
    'model',
    'reason',
  ]),
  hedges: create.counter('sluice_hedges_total', 'Second attempts that were started as hedges, won or lost.', [
    'provider',
    'outcome',
  ]),
  circuitState: create.gauge('sluice_circuit_state', 'State of a target: 0 closed, 1 half-open, 2 open.', ['target']),
  upstreamDuration: create.histogram(
    'sluice_upstream_duration_seconds',
    'Time spent waiting for a provider.',
    ['provider'],
    REQUEST_BUCKETS_S,
  ),
  timeToFirstToken: create.histogram(
    'sluice_time_to_first_token_seconds',
    'Time from the arrival of a call to the first bytes of its stream.',
    ['provider'],
    REQUEST_BUCKETS_S,
  ),
});
