import type { Circuits, TargetLoads } from '@sluice/store/ports';

/** For a process that has nobody to share with: nothing is told to anyone. */
export const aloneWithCircuits: Circuits = {
  open: async () => {},
  close: async () => {},
  cool: async () => {},
  probe: async () => true,
  probeCooling: async () => true,
  warm: async () => {},
  states: async () => new Map(),
  onChange: () => () => {},
};

/** The same of loads: all places are its own. */
export const aloneWithLoads: TargetLoads = {
  exchange: async (_replica, reports) => ({
    replicas: 1,
    shares: new Map(
      [...reports].map(([target, { inFlight, limit }]) => [
        target,
        { inFlight, ...(limit === undefined ? {} : { places: limit }) },
      ]),
    ),
  }),
  leave: async () => {},
};
