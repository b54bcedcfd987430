import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const REQUEST_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const OVERHEAD_BUCKETS_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

export interface BuildInfo {
  readonly version: string;
  readonly node: string;
}

/**
 * The contract's metrics. Labels come from the configuration or from short fixed lists, never from what a client sends, so that the number of
 * series has a bound.
 */
export function createMetrics(build: BuildInfo) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // gauges with a counter's name, which promtool refuses; the same figures are there by type
  for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });

  gauge('sluice_build_info', 'The version of the gateway and of Node.js; always 1.', ['version', 'node']).set({ ...build }, 1);

  return {
    registry,
    requests: counter('sluice_requests_total', 'Calls answered or refused.', ['route', 'model', 'provider', 'status', 'cache']),
    attempts: counter('sluice_upstream_attempts_total', 'Attempts at a provider.', ['provider', 'outcome']),
    retries: counter('sluice_retries_total', 'Calls that were tried again at the targets that had failed them.', ['provider']),
    fallbacks: counter('sluice_fallbacks_total', 'Calls that went on to another model, by the one that was asked for.', [
      'model',
      'reason',
    ]),
    hedges: counter('sluice_hedges_total', 'Calls for which a second target was asked: it won, or it lost.', [
      'provider',
      'outcome',
    ]),
    shed: counter('sluice_shed_total', 'Calls refused because the gateway has too much to do.', ['reason']),
    connectionsRefused: counter('sluice_connections_refused_total', 'Connections closed because there were too many.', []),
    configReloads: counter('sluice_config_reloads_total', 'Changed configuration files, taken or refused.', ['result']),
    configReloadSuccess: gauge(
      'sluice_config_reload_success',
      'Whether the configuration file as it is now is in use (1 or 0).',
      [],
    ),
    configReloadTime: gauge(
      'sluice_config_reload_success_timestamp_seconds',
      'When the configuration in use was taken over.',
      [],
    ),
    configReloadHash: gauge(
      'sluice_config_reload_hash',
      'The first 48 bits of the SHA-256 of the configuration file in use.',
      [],
    ),
    configRestartRequired: gauge('sluice_config_reload_restart_required', 'Changed fields that hold only after a restart.', []),
    circuitState: gauge('sluice_circuit_state', 'Whether a target is asked: 0 closed, 1 half-open, 2 open.', ['target']),
    redisCircuitState: gauge('sluice_redis_circuit_state', 'Whether a Redis is asked: 0 closed, 2 open.', ['connection']),
    tokens: counter('sluice_tokens_total', 'Tokens as providers reported them.', ['provider', 'model', 'type']),
    usageEstimated: counter(
      'sluice_usage_estimated_total',
      'Answers whose tokens are estimated: missing, malformed, implausible, or broken off.',
      ['provider', 'reason'],
    ),
    cost: counter('sluice_cost_usd_total', 'What calls cost, in US dollars, where the price is known.', ['provider', 'model']),
    unpriced: counter(
      'sluice_unpriced_calls_total',
      'Calls whose price, or a part of it, is not known: it is missing from the sums.',
      ['provider', 'model'],
    ),
    saved: counter('sluice_saved_usd_total', 'What cache hits saved, in US dollars.', ['provider', 'model']),
    cacheLookups: counter('sluice_cache_lookups_total', 'Look-ups in the cache.', ['kind', 'result']),
    authFailures: counter('sluice_auth_failures_total', 'Calls refused for their key.', ['reason']),
    rateLimited: counter('sluice_rate_limited_total', 'Calls refused by a full meter.', ['meter']),
    budgetRejected: counter('sluice_budget_rejected_total', 'Calls refused by a budget.', []),
    budgetExceeded: counter('sluice_budget_exceeded_total', 'Calls served that passed a soft budget, or found it passed.', [
      'owner',
    ]),
    replicas: gauge(
      'sluice_replicas',
      'The most replicas of the last hour: limits are shared by them while Redis is unavailable.',
      [],
    ),
    auditDropped: counter('sluice_audit_dropped_total', 'Audit records that could not be kept.', []),
    auditSetAside: counter(
      'sluice_audit_set_aside_total',
      'Amounts of calls that are in no sum because they cannot be right.',
      [],
    ),
    drained: counter('sluice_audit_drained_total', 'Audit records written to a drain.', ['sink']),
    drainLost: counter('sluice_audit_drain_lost_total', 'Audit records dropped from the trail before a drain had them.', [
      'sink',
    ]),
    drainBehind: gauge('sluice_audit_drain_behind', 'Audit records that a drain has not written yet.', ['sink']),
    requestDuration: histogram('sluice_request_duration_seconds', 'The whole call.', ['route', 'cache'], REQUEST_BUCKETS_S),
    upstreamDuration: histogram(
      'sluice_upstream_duration_seconds',
      'The time spent waiting for a provider.',
      ['provider'],
      REQUEST_BUCKETS_S,
    ),
    timeToFirstToken: histogram(
      'sluice_time_to_first_token_seconds',
      'From the call to the first bytes of a stream.',
      ['provider'],
      REQUEST_BUCKETS_S,
    ),
    overhead: histogram('sluice_overhead_seconds', "The whole call less the provider's part.", ['cache'], OVERHEAD_BUCKETS_S),
    realtimeSessions: gauge('sluice_realtime_sessions', 'Realtime sessions at this replica.', ['provider']),
    realtimeEnded: counter('sluice_realtime_ended_total', 'Realtime sessions that ended, by how they did.', [
      'provider',
      'outcome',
    ]),
    realtimeSeconds: counter('sluice_realtime_seconds_total', 'How long realtime sessions lasted.', ['provider']),
    realtimeMessages: counter('sluice_realtime_messages_total', 'Messages of realtime sessions, by their sender.', ['direction']),
    realtimeBytes: counter('sluice_realtime_bytes_total', 'Bytes of messages of realtime sessions, by their sender.', [
      'direction',
    ]),
    redisDuration: histogram('sluice_redis_duration_seconds', 'Waiting for the store.', ['operation'], OVERHEAD_BUCKETS_S),
    inFlight: gauge('sluice_in_flight_requests', 'Calls that are being answered.', []),
    redisUp: gauge('sluice_redis_up', 'Whether the state store answers (1 or 0).', []),
    degraded: gauge('sluice_degraded', 'Whether a concern runs on its fallback (1 or 0).', ['concern']),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
