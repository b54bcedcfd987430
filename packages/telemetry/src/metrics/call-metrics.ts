import { type MetricFactory, OVERHEAD_BUCKETS_S, REQUEST_BUCKETS_S } from './metric-factory.ts';

/** Creates the metrics of calls and of refusals that no provider sees. */
export const callMetrics = (create: MetricFactory) => ({
  requests: create.counter('sluice_requests_total', 'Calls by route, model, provider, status and cache result.', [
    'route',
    'model',
    'provider',
    'status',
    'cache',
  ]),
  requestDuration: create.histogram(
    'sluice_request_duration_seconds',
    'Duration of a call until the end of its answer.',
    ['route', 'cache'],
    REQUEST_BUCKETS_S,
  ),
  overhead: create.histogram(
    'sluice_overhead_seconds',
    'Duration of a call minus the time spent waiting for providers.',
    ['cache'],
    OVERHEAD_BUCKETS_S,
  ),
  inFlight: create.upDown('sluice_in_flight_requests', 'Calls in flight.'),
  shed: create.counter('sluice_shed_total', 'Calls refused because the process was overloaded, by cause.', ['reason']),
  connectionsRefused: create.counter(
    'sluice_connections_refused_total',
    'Connections closed because the maximum number of connections was open.',
  ),
  authFailures: create.counter('sluice_auth_failures_total', 'Calls refused because of their API key.', ['reason']),
});
