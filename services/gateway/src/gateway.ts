import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { ConfigError, type GatewayConfig, inNetworks, parseChangedConfig } from '@sluice/config';
import { type LlmService, NANOS_PER_USD, systemClock } from '@sluice/core';
import { PriceBook } from '@sluice/pricing';
import {
  type AuditRecord,
  type BreakerSettings,
  BudgetLeases,
  CircuitBreakers,
  LocalShares,
  MeteringMemory,
  ReplicaCount,
  RoutingMemory,
  SharedLoads,
  SharedUsage,
  SleepWatch,
  UnderWay,
} from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import type { Stores } from '@sluice/store/ports';
import { redisStores } from '@sluice/store/redis';
import { createLogger, createMetrics, type Logger, logLines, type Metrics } from '@sluice/telemetry';
import { chain } from './chain.ts';
import { controlPlane } from './control-plane/app.ts';
import { dataPlane } from './data-plane/app.ts';
import { refuseMalformed } from './data-plane/malformed-request.ts';
import { UnfinishedBodies } from './data-plane/unfinished-bodies.ts';
import { Drains } from './drain/drains.ts';
import { Degradation } from './health/degradation.ts';
import { HealthChecks } from './health/health-checks.ts';
import { Overload } from './health/overload.ts';
import { defaultMemoryBounds } from './health/process-memory.ts';
import { ReadinessProbe } from './health/readiness.ts';
import { Callers } from './identity/callers.ts';
import { ConfiguredKeys, keyRecordsOf } from './identity/configured-keys.ts';
import { Groups } from './identity/groups.ts';
import { KeyCache } from './identity/key-cache.ts';
import { RegistryView } from './identity/registry-view.ts';
import { TokenCallers } from './identity/token-callers.ts';
import { ConfigReloads } from './lifecycle/config-reloads.ts';
import { ConfigWatch } from './lifecycle/config-watch.ts';
import { Ending } from './lifecycle/ending.ts';
import { listen } from './lifecycle/listener.ts';
import { checkDoors, type Settings } from './lifecycle/settings.ts';
import { Models } from './models/models.ts';
import { PriceRefresh } from './models/price-refresh.ts';
import { AuditWriter } from './records/audit-writer.ts';
import { CrashWatch } from './records/crash-watch.ts';
import { VERSION } from './version.ts';

/** Time that aborted calls have to send their error to the client. */
const CUT_MS = 1_000;

/** Longest time for receiving a whole request. A slow body is aborted earlier, by `limits.bodyTimeout`. */
const REQUEST_TIMEOUT_MS = 120_000;

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

/** Everything that a changed configuration replaces as a whole. */
interface Composition {
  readonly config: GatewayConfig;
  readonly models: Models;
  readonly service: LlmService;
}

/** Composes the gateway and starts listening. */
export async function startGateway(settings: Settings): Promise<Gateway> {
  const clock = systemClock;
  const logger = createLogger(settings.logLevel);
  const metrics = createMetrics({ version: VERSION, node: process.version });
  const degradation = new Degradation(clock, logger, metrics);
  const { configFile: file, configHash: hash, config: started } = settings;
  const reloads = new ConfigReloads({ file, hash, started, clock, logger, metrics });
  // errors of the configuration itself are found before any connection is opened
  const book = new PriceBook();
  const replica = randomUUID();
  const replicas = new ReplicaCount(clock);
  const maxReplicas = (): number | undefined => current.config.redis.maxReplicas ?? replicas.highest();
  const loads = new SharedLoads({
    store: {
      exchange: (of, reports) => stores.loads.exchange(of, reports),
      leave: (of) => stores.loads.leave(of),
    },
    replica,
    maxReplicas,
    onReplicas: (count) => {
      replicas.seen(count);
      metrics.replicas.set(replicas.highest() ?? 0);
    },
    clock,
    health: degradation.concern('loads'),
  });
  const models = openModels(settings.config, settings, book, loads);
  for (const target of models.targetNames) metrics.circuitState.set({ target }, 0);
  const prices = new PriceRefresh(book, logger);
  prices.follow(settings.config.prices, settings.configFile);
  const readiness = new ReadinessProbe(() => stores.healthy());
  const stores = openStores(settings, logger, metrics, () => readiness.storeCame());
  const configuredKeys = new ConfiguredKeys(stores.keys, keyRecordsOf(settings.config));
  const authentication = degradation.concern('authentication');
  const view = new RegistryView(stores.registry, authentication);
  const groups = new Groups(view, settings.config);
  const tokens = new TokenCallers(settings.config.jwt, groups, clock, degradation.concern('tokens'));
  const callers = new Callers({ keys: new KeyCache(configuredKeys, clock, authentication), tokens, groups, view });
  const usage = new SharedUsage(stores.stats, degradation.concern('usage'));
  const breakers = new CircuitBreakers({
    store: stores.circuits,
    settings: () => breakerSettings(current.config),
    clock,
    health: degradation.concern('circuits'),
    onLevel: (circuit, level) => {
      metrics.circuitState.set({ target: current.models.labelOf(circuit) }, level);
      if (level === 0) logger.info('circuit closed', { target: circuit });
      if (level === 2) logger.warn('circuit opened', { target: circuit });
    },
  });
  const healthChecks = new HealthChecks(breakers, logger);
  const memoryBounds = defaultMemoryBounds();
  const overload = new Overload({
    limits: () => {
      const { lag, heap } = current.config.resilience.overload;
      return { lagMs: lag, heap, buffersBytes: current.config.limits.buffers ?? memoryBounds.buffers };
    },
    inFlight: () => app.inFlight,
  });
  const sleepWatch = new SleepWatch(clock);
  const underWay = new UnderWay();
  const crashWatch = new CrashWatch({
    underWay,
    store: stores.underWay,
    meters: stores.meters,
    clock,
    replica,
    healthy: () => stores.healthy(),
    write: (record, charged) => auditWriter.write(record, charged),
    onFault: (error) => logger.warn('search for calls of crashed replicas failed', { error: String(error) }),
  });
  const metering = new MeteringMemory(clock);
  const routing = new RoutingMemory(clock);
  const auditWriter = new AuditWriter({
    crashWatch,
    settlements: metering.pending,
    trail: stores.audit,
    meters: stores.meters,
    logLines: (lines) => logLines(logger, lines),
    metrics,
    health: degradation.concern('audit'),
    onRecord: (record) => countForDashboard(usage, record),
    onRestored: (records) => logger.warn('audit records lost by Redis were rewritten', { records }),
    onSetAside: ({ requestId, tenant }) =>
      logger.error('implausible amounts of a call excluded from all sums', { requestId, tenant }),
  });
  const drains = new Drains({
    trail: stores.audit,
    clock,
    metrics,
    health: (name) => degradation.concern(`drain_${name}`),
    logger,
  });
  drains.configure(settings.config.audit.drain);
  const concerns = {
    limits: degradation.concern('limits'),
    cache: degradation.concern('cache'),
    objects: degradation.concern('objects'),
    responses: degradation.concern('responses'),
  };
  const leases = new BudgetLeases({ meters: stores.meters, clock, holder: replica, health: concerns.limits });
  const shares = new LocalShares({ clock, maxReplicas });
  const composed = (config: GatewayConfig, models: Models): Composition => ({
    config,
    models,
    service: chain({
      config,
      stores,
      callers,
      groups,
      leases,
      shares,
      metering,
      routing,
      underWay,
      models,
      usage,
      loads,
      breakers,
      overload,
      sleepWatch,
      auditWriter,
      metrics,
      concerns,
    }),
  });
  let current = composed(settings.config, models);

  let trusts = inNetworks(settings.config.network.trustedProxies);
  const app = dataPlane({
    trusts: (address) => trusts(address),
    service: { complete: (call) => current.service.complete(call) },
    body: () => current.config.limits,
    cors: () => current.config.cors,
    unfinished: new UnfinishedBodies(
      () => current.config.limits.unfinishedBodies ?? memoryBounds.unfinishedBodies,
      () => metrics.shed.inc({ reason: 'bodies' }),
    ),
    clock,
    readiness,
    streams: () => current.config.streams,
    realtime: () => current.config.realtime,
    metrics,
    isKeyValid: (secret) => callers.isValid(secret),
    onFault: (call, error) =>
      logger.error('call failed because of a fault of the gateway', { requestId: call.requestId, error: stackOf(error) }),
  });
  const data = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: 10_000,
      keepAliveTimeout: 75_000,
      // interval at which both timeouts are checked: connections that send nothing are closed after at most 15 s
      connectionsCheckingInterval: 5_000,
      noDelay: true,
      shouldUpgradeCallback: (request) => app.mayUpgrade(request),
    },
    app.express,
  );
  // a client that sends `Expect: 100-continue` receives 100 only if the gateway reads the body
  data.on('checkContinue', app.express);
  // a client that has half-closed its connection can still receive the response; see half-closed.ts
  Object.assign(data, { httpAllowHalfOpen: true });
  data.on('upgrade', app.upgrade);
  data.on('clientError', refuseMalformed);
  data.on('drop', () => metrics.connectionsRefused.inc());
  data.maxConnections = settings.config.limits.connections;
  const admin = createServer(
    controlPlane({
      adminKey: settings.adminKey,
      stores,
      current: () => current,
      configSource: () => reloads.source,
      keys: configuredKeys,
      groups,
      view,
      usage,
      loads,
      breakers,
      auditWriter,
      metrics,
      clock,
      readiness,
      onFault: (error) => logger.error('admin request failed', { error: stackOf(error) }),
    }),
  );

  const url = await listen(data, settings.host, settings.port, 'PORT');
  const adminUrl = await listen(admin, settings.host, settings.adminPort, 'ADMIN_PORT');
  usage.start();
  loads.start();
  breakers.start();
  overload.start();
  sleepWatch.start();
  healthChecks.follow(models.checked());
  if (stores.kind === 'redis') crashWatch.start();
  const takeConfig = (config: GatewayConfig): void => {
    const before = current;
    const models = openModels(config, settings, book, loads);
    prices.follow(config.prices, settings.configFile);
    groups.configure(config);
    tokens.configure(config.jwt);
    drains.configure(config.audit.drain);
    trusts = inNetworks(config.network.trustedProxies);
    data.maxConnections = config.limits.connections;
    current = composed(config, models);
    healthChecks.follow(models.checked());
    configuredKeys.configure(keyRecordsOf(config));
    // `close` waits for calls of the previous models; its errors affect no call
    void before.models.close();
  };
  const watch = followConfig(settings, reloads, () => current.config, takeConfig);

  const flush = async (): Promise<void> => {
    overload.stop();
    sleepWatch.stop();
    breakers.stop();
    await usage.stop();
    if (stores.healthy()) await Promise.all([loads.stop(), leases.close()]);
    await auditWriter.flush().catch((error: unknown) => {
      logger.error('audit records lost at shutdown: the store is unavailable', { error: String(error) });
    });
    auditWriter.close();
    await crashWatch.stop().catch(() => {});
    await drains.close();
    await current.models.destroy();
    await stores.close();
  };
  const ending = new Ending({ data, admin, readiness, cut: () => app.cut(), cutMs: CUT_MS });
  let closed: Promise<void> | undefined;

  return {
    url,
    adminUrl,
    logger,
    get shutdown() {
      const { delay, drain } = current.config.shutdown;
      return { delayMs: delay, drainMs: drain };
    },
    close(drainMs = current.config.shutdown.drain, delayMs = 0) {
      if (closed !== undefined) {
        ending.hurry();
        return closed;
      }
      watch?.stop();
      prices.stop();
      healthChecks.stop();
      view.close();
      closed = ending.end(drainMs, delayMs).then(flush);
      return closed;
    },
  };
}

function openModels(config: GatewayConfig, settings: Settings, book: PriceBook, loads: SharedLoads): Models {
  try {
    return new Models(config, settings.environment, book, loads);
  } catch (error) {
    throw new ConfigError(`${settings.configFile ?? 'the built-in configuration'}: ${(error as Error).message}`);
  }
}

function followConfig(
  settings: Settings,
  reloads: ConfigReloads,
  inUse: () => GatewayConfig,
  take: (config: GatewayConfig) => void,
): ConfigWatch | undefined {
  const { configFile: file, configHash: hash, environment } = settings;
  if (file === undefined) return undefined;
  const watch = new ConfigWatch({
    file,
    hash,
    take(text, hash) {
      const changed = parseChangedConfig(text, file, environment, inUse());
      checkDoors({ ...settings, config: changed });
      take(reloads.effective(changed));
      reloads.taken(changed, hash);
    },
    onRefused: (error) => reloads.refused(error),
  });
  watch.start();
  return watch;
}

function openStores(settings: Settings, logger: Logger, metrics: Metrics, onUp: () => void): Stores {
  const { redis, config } = settings;
  if (redis === undefined) return memoryStores({ auditMaxRecords: Math.min(config.audit.keep, 10_000) });
  return redisStores({
    ...redis,
    prefix: config.redis.prefix,
    timeoutMs: config.redis.timeout,
    ...(config.redis.cacheTimeout === undefined ? {} : { cacheTimeoutMs: config.redis.cacheTimeout }),
    onBreaker: (connection, open) => {
      metrics.redisCircuitState.set({ connection }, open ? 2 : 0);
      if (open) logger.warn('redis circuit opened', { connection });
      else logger.info('redis circuit closed', { connection });
    },
    auditMaxRecords: config.audit.keep,
    usageRetention: { keepMs: config.usage.keep, keepDetailedMs: config.usage.keepDetailed },
    onCommand: (operation, seconds) => metrics.redisDuration.observe({ operation }, seconds),
    onState: (connection, up, error) => {
      if (up && connection === 'state') onUp();
      if (up) logger.info('redis connected', { connection });
      else logger.warn('redis disconnected; reconnecting', { connection, error: error?.message ?? 'closed' });
    },
  });
}

function breakerSettings({ resilience: { breaker } }: GatewayConfig): BreakerSettings {
  const { consecutive, share, minimum, window: windowMs, open: openMs } = breaker;
  return { consecutive, share, minimum, windowMs, openMs };
}

function countForDashboard(usage: SharedUsage, record: AuditRecord): void {
  usage.count('requests');
  if (record.cache === 'hit') usage.count('cache:hits');
  else if (record.cache === 'miss') usage.count('cache:misses');
  if (record.error === 'invalid_api_key') usage.count('auth_failures');
  if (record.savedUsd !== null) usage.count('saved_nanos', Math.round(record.savedUsd * NANOS_PER_USD));
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
