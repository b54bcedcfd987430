import { CallSlot } from './call-slot.ts';

/** Names of optional parameters that the provider's dialect cannot express. Written by providers, and by caching for a hit. */
export const droppedParameters = new CallSlot<readonly string[]>('dropped parameters', []);
