export { installOpenPairs } from './open-pairs.ts';
