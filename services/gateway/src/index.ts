export type { Stats } from './control-plane/stats.ts';
export { type Gateway, startGateway } from './gateway.ts';
export { readSettings, type Settings } from './lifecycle/settings.ts';
