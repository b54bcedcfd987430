export { type Gateway, startGateway } from './gateway.ts';
export { readSettings, type Settings } from './settings.ts';
