import { type GatewayConfig, parseChangedConfig } from '@sluice/config';
import { type Abortable, Slots } from '@sluice/core';
import type { Logger } from '@sluice/telemetry';
import { type Component, Components } from './lifecycle/component.ts';
import { ConfigReloads } from './lifecycle/config-reloads.ts';
import { ConfigWatch } from './lifecycle/config-watch.ts';
import { checkPublishedSecrets, type Settings } from './lifecycle/settings.ts';
import { type Foundation, openFoundation } from './wiring/foundation.ts';
import { openIdentity } from './wiring/identity.ts';
import { openRecords } from './wiring/records.ts';
import { openRouting } from './wiring/routing.ts';
import { Servers } from './wiring/servers.ts';
import { openService } from './wiring/service.ts';

export interface Gateway {
  /** Base URL of the LLM API, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Base URL of the metrics and the admin API. */
  readonly adminUrl: string;
  readonly logger: Logger;
  /** Duration of the shutdown phases, as configured. */
  readonly shutdown: { readonly delayMs: number; readonly drainMs: number };
  /**
   * Shuts the gateway down gracefully. Reports not ready and accepts calls for another `delayMs`, until the load balancer has
   * noticed. Then refuses new calls, lets calls in flight finish within `drainMs`, aborts the others with an error, and writes
   * all waiting records. A second call skips the waiting times.
   */
  close(drainMs?: number, delayMs?: number): Promise<void>;
}

/** Composes the gateway and starts listening. @throws ConfigError */
export async function startGateway(settings: Settings): Promise<Gateway> {
  const foundation = openFoundation(settings);
  const { stores, logger } = foundation;
  const storesComponent: Component = { name: 'stores', stop: () => stores.close() };
  try {
    const { configFile: file, configHash: hash } = settings;
    const reloads = new ConfigReloads({ ...foundation, file, hash, started: settings.config });
    const inFlight = new Slots<Abortable>();
    const identity = openIdentity(foundation);
    const routing = openRouting(foundation);
    const records = openRecords(foundation, routing);
    const { service, components: serviceComponents } = openService({ foundation, identity, routing, records, inFlight });
    const servers = new Servers({ foundation, identity, routing, records, service, reloads, inFlight });
    const parts: Component[] = [
      storesComponent,
      ...serviceComponents, // first of those that reload: it validates a changed configuration
      ...routing.components,
      ...records.components,
      identity.component,
      servers,
    ];
    const onStopFailed = (part: string, error: unknown): void =>
      void logger.error('a part of the gateway failed to stop', { part, error: String(error) });
    const components = new Components(
      [...parts, configWatch(foundation, reloads, (changed) => components.reload(changed))],
      onStopFailed,
    );
    await components.start();
    return new StartedGateway(foundation, servers, components);
  } catch (error) {
    // the stores are closed in the background: the reason of the failure is reported at once
    void stores.close().catch(() => {});
    throw error;
  }
}

class StartedGateway implements Gateway {
  readonly #foundation: Foundation;
  readonly #servers: Servers;
  readonly #components: Components;
  #closed: Promise<void> | undefined;

  constructor(foundation: Foundation, servers: Servers, components: Components) {
    this.#foundation = foundation;
    this.#servers = servers;
    this.#components = components;
  }

  get url(): string {
    return this.#servers.url;
  }

  get adminUrl(): string {
    return this.#servers.adminUrl;
  }

  get logger(): Logger {
    return this.#foundation.logger;
  }

  get shutdown(): Gateway['shutdown'] {
    const { delay, drain } = this.#foundation.config.value.shutdown;
    return { delayMs: delay, drainMs: drain };
  }

  close(drainMs = this.shutdown.drainMs, delayMs = 0): Promise<void> {
    if (this.#closed === undefined) {
      this.#servers.shutdown = { drainMs, delayMs };
      this.#closed = this.#components.stop();
    } else this.#servers.force();
    return this.#closed;
  }
}

/** Follows the configuration file. */
function configWatch(
  { settings, config }: Foundation,
  reloads: ConfigReloads,
  reload: (config: GatewayConfig) => void,
): Component {
  const { configFile: file, configHash: hash, environment } = settings;
  if (file === undefined) return { name: 'configuration file' };
  const watch = new ConfigWatch({
    file,
    hash,
    take(text, changedHash) {
      const changed = parseChangedConfig(text, file, environment, config.value);
      checkPublishedSecrets({ ...settings, config: changed });
      reload(reloads.effective(changed));
      reloads.taken(changed, changedHash);
    },
    onRefused: (error) => reloads.refused(error),
  });
  return { name: 'configuration file', start: () => watch.start(), stop: () => watch.stop() };
}
