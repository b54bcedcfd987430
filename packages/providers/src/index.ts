export * from './known-providers.ts';
export * from './simulated.ts';
export * from './upstream.ts';
