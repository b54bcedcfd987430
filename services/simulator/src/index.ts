export { type Behaviour, FAULTS, type SimulatorConfig, simulatorSchema } from './behaviour.ts';
export type { JournalEntry } from './journal.ts';
export { type RunningSimulator, startSimulator } from './simulator.ts';
