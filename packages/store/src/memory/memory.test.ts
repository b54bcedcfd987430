import { type ManualClock, systemClock } from '@sluice/core';
import { attemptsContract } from '../ports/attempts.contract.ts';
import { auditTrailContract } from '../ports/audit-trail.contract.ts';
import { cacheContract } from '../ports/cache.contract.ts';
import { keysContract } from '../ports/keys.contract.ts';
import { metersContract } from '../ports/meters.contract.ts';
import { providerStatsContract } from '../ports/provider-stats.contract.ts';
import { slidingWindowContract } from '../ports/sliding-window.contract.ts';
import { MemoryAttempts, MemoryAuditTrail, MemoryCache, MemoryKeys, MemoryMeters, MemoryProviderStats } from './index.ts';

metersContract('memory', (clock) => new MemoryMeters(clock));
cacheContract('memory', (clock) => new MemoryCache(clock));
keysContract('memory', async () => {
  const keys = new MemoryKeys();
  return { keys, again: async () => keys };
});
providerStatsContract('memory', (clock) => new MemoryProviderStats(clock));
auditTrailContract('memory', (maxRecords) => new MemoryAuditTrail(maxRecords));
attemptsContract('memory', (limit) => new MemoryAttempts(systemClock, limit));

let window: { clock: ManualClock; meters: MemoryMeters } | undefined;
slidingWindowContract('memory', 150, (clock) => {
  // connections to one store share it
  if (window?.clock !== clock) window = { clock, meters: new MemoryMeters(clock) };
  return window.meters;
});
