export * from './demo.ts';
export * from './issues.ts';
export * from './load.ts';
export * from './network.ts';
export * from './reload.ts';
export * from './schema.ts';
export * from './units.ts';
