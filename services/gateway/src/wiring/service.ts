import type { GatewayConfig } from '@sluice/config';
import type { Abortable, LlmCall, LlmReply, LlmService, Slots } from '@sluice/core';
import { SleepWatch } from '@sluice/proxies';
import { chain } from '../chain.ts';
import type { ChainParts } from '../chain-parts.ts';
import { LoadMonitor } from '../health/load-monitor.ts';
import { defaultMemoryBounds } from '../health/process-memory.ts';
import type { Component } from '../lifecycle/component.ts';
import type { Foundation } from './foundation.ts';
import type { Identity } from './identity.ts';
import type { Records } from './records.ts';
import type { Routing } from './routing.ts';

/** The chain of layers for the configuration in use. */
export interface Service {
  readonly service: LlmService;
  readonly components: readonly Component[];
}

export interface ServiceParts {
  readonly foundation: Foundation;
  readonly identity: Identity;
  readonly routing: Routing;
  readonly records: Records;
  /** Calls of the data plane. */
  readonly inFlight: Pick<Slots<Abortable>, 'size'>;
}

export function openService(parts: ServiceParts): Service {
  const { config, clock } = parts.foundation;
  const sleepWatch = new SleepWatch(clock);
  const memory = defaultMemoryBounds();
  const overload = new LoadMonitor({
    limits: () => {
      const { lag, heap } = config.value.resilience.overload;
      return { lagMs: lag, heap, buffersBytes: config.value.limits.buffers ?? memory.buffers };
    },
    inFlight: () => parts.inFlight.size,
  });
  const chainInUse = new ChainInUse(parts, overload, sleepWatch);
  return {
    service: chainInUse,
    components: [
      chainInUse,
      { name: 'suspension watch', start: () => sleepWatch.start(), stop: () => sleepWatch.stop() },
      { name: 'overload watch', start: () => overload.start(), stop: () => overload.stop() },
    ],
  };
}

/** The chain of the configuration in use. A reload replaces configuration, models and chain together. */
class ChainInUse implements LlmService, Component {
  readonly name = 'chain';
  readonly #overload: LoadMonitor;
  readonly #sleepWatch: SleepWatch;
  readonly #concerns: ChainParts['concerns'];
  readonly #parts: ServiceParts;
  #service: LlmService;

  constructor(parts: ServiceParts, overload: LoadMonitor, sleepWatch: SleepWatch) {
    const { health } = parts.foundation;
    this.#parts = parts;
    this.#overload = overload;
    this.#sleepWatch = sleepWatch;
    this.#concerns = {
      limits: health.dependency('limits'),
      cache: health.dependency('cache'),
      objects: health.dependency('objects'),
      responses: health.dependency('responses'),
    };
    this.#service = this.#build();
  }

  complete(call: LlmCall): Promise<LlmReply> {
    return this.#service.complete(call);
  }

  /** @throws ConfigError for an invalid configuration, before anything has changed */
  reload(changed: GatewayConfig): void {
    const { foundation, routing } = this.#parts;
    const models = routing.openModels(changed);
    const before = routing.models.value;
    foundation.config.value = changed;
    routing.models.value = models;
    this.#service = this.#build();
    // `close` waits for calls of the previous models; its errors affect no call
    void before.close();
  }

  #build(): LlmService {
    const { foundation, identity, routing, records } = this.#parts;
    const { config, stores, metrics } = foundation;
    return chain({
      ...{ stores, metrics, overload: this.#overload, sleepWatch: this.#sleepWatch, concerns: this.#concerns },
      ...{ config: config.value, models: routing.models.value },
      ...{ callers: identity.callers, groups: identity.groups },
      ...{ usage: routing.usage, loads: routing.loads, breakers: routing.breakers, routing: routing.memory },
      ...{ fallback: records.fallback, metering: records.metering, meters: records.meters },
      ...{ inFlight: records.inFlight, auditWriter: records.auditWriter },
    });
  }
}
