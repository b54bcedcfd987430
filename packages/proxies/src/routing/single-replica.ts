import { defined } from '@sluice/core';
import type { Circuits, TargetLoads } from '@sluice/store/ports';

/** Circuits for a process without other replicas: shares nothing. */
export const localCircuits: Circuits = {
  open: async () => {},
  close: async () => {},
  startCooldown: async () => {},
  acquireProbe: async () => true,
  acquireCooldownProbe: async () => true,
  endCooldown: async () => {},
  states: async () => new Map(),
  onChange: () => () => {},
};

/** Loads for a process without other replicas: all permits are its own. */
export const localLoads: TargetLoads = {
  exchange: async (_replica, reports) => ({
    replicas: 1,
    shares: new Map([...reports].map(([target, { inFlight, limit }]) => [target, { inFlight, ...defined({ permits: limit }) }])),
  }),
  deregister: async () => {},
};
