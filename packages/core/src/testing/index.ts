export * from './ended-attempt.ts';
export * from './manual-clock.ts';
export * from './property-runs.ts';
export * from './wait-for.ts';
