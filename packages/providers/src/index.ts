export { CATALOG } from './catalog/catalog.ts';
export type { CatalogEntry, OtherRoute } from './catalog/catalog-entry.ts';
export * from './open-provider.ts';
export { WebSocketPeer } from './realtime/web-socket-peer.ts';
export { sampleValue } from './simulated/sample-value.ts';
export { type SimulatedAnswer, simulatedAnswer } from './simulated/simulated-answer.ts';
export { SIMULATED_CREATED_S } from './simulated/simulated-model.ts';
export * from './simulated/simulated-provider.ts';
