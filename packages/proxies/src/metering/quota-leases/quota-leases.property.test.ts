import type { ManualClock } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import { leasingContract } from './quota-leases.contract.ts';

/** All replicas of a clock have one store. */
const stores = new WeakMap<ManualClock, MemoryMeters>();
const storeOn = (clock: ManualClock): MemoryMeters => {
  const store = stores.get(clock) ?? new MemoryMeters(clock);
  stores.set(clock, store);
  return store;
};

leasingContract('memory', 60, storeOn);
