export * from './attempts.ts';
export * from './audit-trail.ts';
export * from './cache.ts';
export * from './keys.ts';
export * from './meters.ts';
export * from './provider-stats.ts';
export * from './stores.ts';
export * from './usage-sums.ts';
