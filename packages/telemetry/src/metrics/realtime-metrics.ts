import type { MetricFactory } from './metric-factory.ts';

/** Creates the metrics of realtime sessions. */
export const realtimeMetrics = (create: MetricFactory) => ({
  realtimeSessions: create.gauge('sluice_realtime_sessions', 'Open realtime sessions.', ['provider']),
  realtimeEnded: create.counter('sluice_realtime_ended_total', 'Realtime sessions that ended, by cause.', [
    'provider',
    'outcome',
  ]),
  realtimeSeconds: create.counter('sluice_realtime_seconds_total', 'Duration of realtime sessions, in seconds.', ['provider']),
  realtimeMessages: create.counter('sluice_realtime_messages_total', 'Messages of realtime sessions, by sender.', ['direction']),
  realtimeBytes: create.counter('sluice_realtime_bytes_total', 'Bytes of messages of realtime sessions, by sender.', [
    'direction',
  ]),
});
