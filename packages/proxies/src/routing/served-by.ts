import { CallSlot } from '@sluice/core';

/** The target that serves a call, or the provider whose cached response it received. */
export interface ServedBy {
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  /** The target's name, as in metric labels. Undefined for a cached response. */
  readonly target: string | undefined;
}

/** The target of the attempt in flight, or of the last attempt. Written by the router, and by caching for a hit. */
export const servedBy = new CallSlot<ServedBy | undefined>('served by', undefined);
