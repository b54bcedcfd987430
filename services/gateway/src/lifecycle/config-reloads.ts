import { type GatewayConfig, restartRequired, withStartValues } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { Logger, Metrics } from '@sluice/telemetry';

export interface ConfigReloadsOptions {
  readonly file: string | undefined;
  /** Hash of the text that the gateway started with; undefined for a built-in configuration. */
  readonly hash: string | undefined;
  readonly started: GatewayConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** State of the configuration file in use, for the admin API. */
export interface ConfigSource {
  readonly file: string | null;
  /** SHA-256 of its text, in hex. */
  readonly fingerprint: string | null;
  /** Time at which the configuration was loaded, ISO 8601. */
  readonly takenAt: string;
  /** Reason why the file's current content was refused; null if it is in use. */
  readonly refused: string | null;
  /** Changed fields that take effect only after a restart. */
  readonly restartRequired: readonly string[];
}

/** Reports which configuration is in use: in the log, in metrics and for the admin API. */
export class ConfigReloads {
  readonly #options: ConfigReloadsOptions;
  #source: ConfigSource;

  constructor(options: ConfigReloadsOptions) {
    this.#options = options;
    const { file = null, hash = null } = options;
    const takenAt = new Date(options.clock.now()).toISOString();
    this.#source = { file, fingerprint: hash, takenAt, refused: null, restartRequired: [] };
    this.#measure();
  }

  get source(): ConfigSource {
    return this.#source;
  }

  /** Returns the changed configuration, with the startup values of the fields that are read only at startup. */
  effective(changed: GatewayConfig): GatewayConfig {
    return withStartValues(this.#options.started, changed);
  }

  /** @param changed the configuration exactly as the file contains it */
  taken(changed: GatewayConfig, hash: string): void {
    const { started, clock, logger, metrics, file = null } = this.#options;
    const fields = restartRequired(started, changed);
    this.#source = {
      file,
      fingerprint: hash,
      takenAt: new Date(clock.now()).toISOString(),
      refused: null,
      restartRequired: fields,
    };
    metrics.configReloads.inc({ result: 'taken' });
    this.#measure();
    logger.info('configuration reloaded', { file, hash });
    if (fields.length > 0) logger.warn('restart required', { file, fields });
  }

  refused(error: unknown): void {
    const { logger, metrics, file } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    this.#source = { ...this.#source, refused: reason };
    metrics.configReloads.inc({ result: 'refused' });
    metrics.configReloadSuccess.set(0);
    logger.error('configuration refused', { file, error: reason });
  }

  #measure(): void {
    const { metrics } = this.#options;
    const { fingerprint, takenAt, restartRequired: fields } = this.#source;
    metrics.configReloadSuccess.set(1);
    metrics.configReloadTime.set(Date.parse(takenAt) / 1_000);
    // 48 bits of the hash are exact as a number
    metrics.configReloadHash.set(fingerprint === null ? 0 : Number.parseInt(fingerprint.slice(0, 12), 16));
    metrics.configRestartRequired.set(fields.length);
  }
}
