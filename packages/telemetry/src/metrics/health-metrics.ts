import { type MetricFactory, OVERHEAD_BUCKETS_S } from './metric-factory.ts';

/** Creates the metrics of Redis and of degraded dependencies. */
export const healthMetrics = (create: MetricFactory) => ({
  redisUp: create.gauge('sluice_redis_up', 'Whether Redis responds (1 or 0).'),
  redisDuration: create.histogram(
    'sluice_redis_duration_seconds',
    'Time spent waiting for Redis.',
    ['operation'],
    OVERHEAD_BUCKETS_S,
  ),
  redisCircuitState: create.gauge('sluice_redis_circuit_state', 'State of a connection to Redis: 0 closed, 2 open.', [
    'connection',
  ]),
  degraded: create.gauge('sluice_degraded', 'Whether a dependency is degraded (1 or 0).', ['concern']),
});

/** Creates the metrics of configuration reloads. */
export const configMetrics = (create: MetricFactory) => ({
  configReloads: create.counter('sluice_config_reloads_total', 'Changed configuration files, applied or rejected.', ['result']),
  configReloadSuccess: create.gauge('sluice_config_reload_success', 'Whether the current configuration file is in use (1 or 0).'),
  configReloadTime: create.gauge(
    'sluice_config_reload_success_timestamp_seconds',
    'Unix time at which the configuration in use was applied.',
  ),
  configReloadHash: create.gauge('sluice_config_reload_hash', 'First 48 bits of the SHA-256 of the configuration file in use.'),
  configRestartRequired: create.gauge(
    'sluice_config_reload_restart_required',
    'Changed fields that take effect only after a restart.',
  ),
});
