import type { Clock } from '@sluice/core';
import type { Metrics } from '@sluice/telemetry';

export type SessionMetrics = Pick<
  Metrics,
  'realtimeSessions' | 'realtimeEnded' | 'realtimeSeconds' | 'realtimeMessages' | 'realtimeBytes'
>;

/** Outcome of a session, for metrics. */
export type SessionOutcome =
  | 'client_closed'
  | 'client_lost'
  | 'client_fault'
  | 'provider_closed'
  | 'provider_lost'
  | 'limit'
  | 'idle'
  | 'duration'
  | 'deadline'
  | 'shutdown';

/** Records the metrics of a session. */
export class SessionFigures {
  readonly #metrics: SessionMetrics;
  readonly #clock: Clock;
  #provider = '';
  #countedMs = 0;

  constructor(metrics: SessionMetrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  begun(provider: string): void {
    this.#provider = provider;
    this.#countedMs = this.#clock.monotonic();
    this.#metrics.realtimeSessions.inc({ provider });
  }

  fromClient(bytes: number): void {
    this.#metrics.realtimeMessages.inc(FROM_CLIENT);
    this.#metrics.realtimeBytes.inc(FROM_CLIENT, bytes);
  }

  fromProvider(bytes: number): void {
    this.#metrics.realtimeMessages.inc(FROM_PROVIDER);
    this.#metrics.realtimeBytes.inc(FROM_PROVIDER, bytes);
  }

  /** Adds the seconds since the previous call. */
  seconds(): void {
    const nowMs = this.#clock.monotonic();
    this.#metrics.realtimeSeconds.inc({ provider: this.#provider }, (nowMs - this.#countedMs) / 1_000);
    this.#countedMs = nowMs;
  }

  ended(outcome: SessionOutcome): void {
    this.seconds();
    this.#metrics.realtimeSessions.dec({ provider: this.#provider });
    this.#metrics.realtimeEnded.inc({ provider: this.#provider, outcome });
  }
}

const FROM_CLIENT = { direction: 'from_client' };
const FROM_PROVIDER = { direction: 'from_provider' };
