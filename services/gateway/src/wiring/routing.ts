import { ConfigError, type GatewayConfig } from '@sluice/config';
import { PriceBook } from '@sluice/pricing';
import { type BreakerSettings, CircuitBreakers, ReplicaCount, RoutingMemory, SharedLoads, SharedUsage } from '@sluice/proxies';
import { HealthChecks } from '../health/health-checks.ts';
import { type Component, Ref } from '../lifecycle/component.ts';
import { Models } from '../models/models.ts';
import { PriceRefresh } from '../models/price-refresh.ts';
import type { Foundation } from './foundation.ts';

/** Models, targets and the figures by which calls are routed. */
export interface Routing {
  /** The models of the configuration in use. */
  readonly models: Ref<Models>;
  /** Opens the models of a configuration. @throws ConfigError */
  readonly openModels: (config: GatewayConfig) => Models;
  readonly usage: SharedUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly memory: RoutingMemory;
  /** The highest number of replicas, if it is known. */
  readonly maxReplicas: () => number | undefined;
  readonly components: readonly Component[];
}

export function openRouting(foundation: Foundation): Routing {
  const { settings, config, clock, health, stores, logger, metrics } = foundation;
  const book = new PriceBook();
  const { loads, maxReplicas } = openLoads(foundation);
  const openModels = (changed: GatewayConfig): Models => {
    try {
      return new Models(changed, settings.environment, book, loads);
    } catch (error) {
      throw new ConfigError(`${settings.configFile ?? 'the built-in configuration'}: ${(error as Error).message}`);
    }
  };
  const models = new Ref(openModels(settings.config));
  for (const target of models.value.targetNames) metrics.circuitState.set({ target }, 0);
  const usage = new SharedUsage(stores.stats, health.dependency('usage'));
  const breakers = new CircuitBreakers({
    store: stores.circuits,
    settings: () => breakerSettings(config.value),
    clock,
    health: health.dependency('circuits'),
    onLevel: (circuit, level) => {
      metrics.circuitState.set({ target: models.value.labelOf(circuit) }, level);
      if (level === 0) logger.info('circuit closed', { target: circuit });
      if (level === 2) logger.warn('circuit opened', { target: circuit });
    },
  });
  const prices = new PriceRefresh(book, logger);
  const checks = new HealthChecks(breakers, logger);
  const components: Component[] = [
    { name: 'provider connections', stop: () => models.value.destroy() },
    { name: 'target loads', start: () => loads.start(), stop: () => (stores.healthy() ? loads.stop() : undefined) },
    { name: 'target usage', start: () => usage.start(), stop: () => usage.stop() },
    { name: 'circuit breakers', start: () => breakers.start(), stop: () => breakers.stop() },
    {
      name: 'prices',
      start: () => prices.follow(settings.config.prices, settings.configFile),
      reload: (changed) => prices.follow(changed.prices, settings.configFile),
      stop: () => prices.stop(),
    },
    {
      name: 'health checks',
      start: () => checks.follow(models.value.checked()),
      reload: () => checks.follow(models.value.checked()),
      stop: () => checks.stop(),
    },
  ];
  return { models, openModels, usage, loads, breakers, memory: new RoutingMemory(clock), maxReplicas, components };
}

function openLoads({ config, clock, health, stores, metrics, replica }: Foundation) {
  const replicas = new ReplicaCount(clock);
  const maxReplicas = (): number | undefined => config.value.redis.maxReplicas ?? replicas.highest();
  const loads = new SharedLoads({
    ...{ store: stores.loads, replica, maxReplicas, clock },
    onReplicas: (count) => {
      replicas.seen(count);
      metrics.replicas.set(replicas.highest() ?? 0);
    },
    health: health.dependency('loads'),
  });
  return { loads, maxReplicas };
}

function breakerSettings({ resilience: { breaker } }: GatewayConfig): BreakerSettings {
  const { consecutive, share, minimum, window: windowMs, open: openMs } = breaker;
  return { consecutive, share, minimum, windowMs, openMs };
}
