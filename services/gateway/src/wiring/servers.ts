import { createServer, type Server } from 'node:http';
import { inNetworks } from '@sluice/config';
import type { Abortable, LlmService, Slots } from '@sluice/core';
import { controlPlane } from '../control-plane/app.ts';
import { type DataPlane, dataPlane } from '../data-plane/app.ts';
import { refuseMalformed } from '../data-plane/malformed-request.ts';
import { UnfinishedBodies } from '../data-plane/unfinished-bodies.ts';
import { defaultMemoryBounds } from '../health/process-memory.ts';
import { type Component, Ref } from '../lifecycle/component.ts';
import type { ConfigReloads } from '../lifecycle/config-reloads.ts';
import { GracefulShutdown } from '../lifecycle/graceful-shutdown.ts';
import { listen } from '../lifecycle/listener.ts';
import type { Foundation } from './foundation.ts';
import type { Identity } from './identity.ts';
import type { Records } from './records.ts';
import type { Routing } from './routing.ts';

/** Time that aborted calls have to send their error to the client. */
const CUT_MS = 1_000;

/** Longest time for receiving a whole request. A slow body is aborted earlier, by `limits.bodyTimeout`. */
const REQUEST_TIMEOUT_MS = 120_000;

export interface ServerParts {
  readonly foundation: Foundation;
  readonly identity: Identity;
  readonly routing: Routing;
  readonly records: Records;
  readonly service: LlmService;
  readonly reloads: ConfigReloads;
  readonly inFlight: Slots<Abortable>;
}

/** The servers of the data plane and the control plane. */
export class Servers implements Component {
  readonly name = 'servers';
  readonly #foundation: Foundation;
  readonly #data: Server;
  readonly #admin: Server;
  readonly #trusts: Ref<(address: string) => boolean>;
  readonly #ending: GracefulShutdown;
  #url = '';
  #adminUrl = '';
  /** Set before `stop`. */
  shutdown = { drainMs: 0, delayMs: 0 };

  constructor(parts: ServerParts) {
    const { settings, readiness } = parts.foundation;
    this.#foundation = parts.foundation;
    this.#trusts = new Ref(inNetworks(settings.config.network.trustedProxies));
    const app = openDataPlane(parts, this.#trusts);
    this.#data = dataServer(app, parts.foundation);
    this.#admin = createServer(openControlPlane(parts));
    this.#ending = new GracefulShutdown({
      data: this.#data,
      admin: this.#admin,
      readiness,
      abortInFlight: () => app.abortInFlight(),
      abortMs: CUT_MS,
    });
  }

  get url(): string {
    return this.#url;
  }

  get adminUrl(): string {
    return this.#adminUrl;
  }

  async start(): Promise<void> {
    const { host, port, adminPort } = this.#foundation.settings;
    this.#url = await listen(this.#data, host, port, 'PORT');
    try {
      this.#adminUrl = await listen(this.#admin, host, adminPort, 'ADMIN_PORT');
    } catch (error) {
      this.#data.close();
      throw error;
    }
  }

  reload({ network, limits }: Foundation['config']['value']): void {
    this.#trusts.value = inNetworks(network.trustedProxies);
    this.#data.maxConnections = limits.connections;
  }

  /** Drains the calls in flight. */
  async stop(): Promise<void> {
    await this.#ending.end(this.shutdown.drainMs, this.shutdown.delayMs);
  }

  /** Skips the remaining waiting time of `stop`. */
  force(): void {
    this.#ending.force();
  }
}

function dataServer(app: DataPlane, { settings, metrics }: Foundation): Server {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: 10_000,
      keepAliveTimeout: 75_000,
      // the interval of both timeouts: connections that send nothing are closed after at most 15 s
      connectionsCheckingInterval: 5_000,
      noDelay: true,
      shouldUpgradeCallback: (request) => app.mayUpgrade(request),
    },
    app.handle,
  );
  // a client that sends `Expect: 100-continue` sends its body only when the call has been authenticated
  server.on('checkContinue', app.handle);
  // a client may half-close its connection and still read; see half-closed.ts
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('upgrade', app.upgrade);
  server.on('clientError', refuseMalformed);
  server.on('drop', () => metrics.connectionsRefused.inc());
  server.maxConnections = settings.config.limits.connections;
  return server;
}

function openDataPlane(
  { foundation, identity, service, inFlight }: ServerParts,
  trusts: Ref<(address: string) => boolean>,
): DataPlane {
  const { config, clock, readiness, metrics, logger } = foundation;
  const memory = defaultMemoryBounds();
  return dataPlane({
    ...{ service, clock, readiness, metrics, inFlight },
    trusts: (address) => trusts.value(address),
    body: () => config.value.limits,
    cors: () => config.value.cors,
    unfinished: new UnfinishedBodies(
      () => config.value.limits.unfinishedBodies ?? memory.unfinishedBodies,
      () => metrics.shed.inc({ reason: 'bodies' }),
    ),
    streams: () => config.value.streams,
    realtime: () => config.value.realtime,
    isKeyValid: (secret) => identity.callers.isValid(secret),
    onFault: (call, error) =>
      logger.error('a call failed by a fault of the gateway', { requestId: call.requestId, error: stackOf(error) }),
  });
}

function openControlPlane({ foundation, identity, routing, records, reloads }: ServerParts) {
  const { settings, config, stores, clock, readiness, metrics, logger } = foundation;
  return controlPlane({
    ...{ adminKey: settings.adminKey, stores, metrics, clock, readiness },
    ...{ keys: identity.keys, groups: identity.groups, view: identity.view },
    ...{ usage: routing.usage, loads: routing.loads, breakers: routing.breakers, auditWriter: records.auditWriter },
    current: () => ({ config: config.value, models: routing.models.value }),
    configSource: () => reloads.source,
    onFault: (error) => logger.error('an admin request failed', { error: stackOf(error) }),
  });
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
