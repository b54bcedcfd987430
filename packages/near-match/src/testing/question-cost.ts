import { normalForm } from '../normal-form.ts';
import { readPairs } from './labelled-pairs.ts';

const WARM_UP_ROUNDS = 10;
const ROUNDS = 5;
/** Calls per measurement: one call is too short for the clock of the process's CPU, which counts microseconds. */
const BATCH = 20;

/** CPU per normal form, in microseconds. */
export interface QuestionCost {
  readonly p50Us: number;
  readonly p99Us: number;
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function costOf(text: string): number {
  const startedUs = cpuUs();
  for (let n = 0; n < BATCH; n++) normalForm(text);
  return (cpuUs() - startedUs) / BATCH;
}

/** Measures the CPU of a normal form over all labelled questions. */
export function measureQuestionCost(): QuestionCost {
  const texts = [...readPairs('traps'), ...readPairs('same-question')].flatMap(({ first, second }) => [first, second]);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) for (const text of texts) normalForm(text);
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) for (const text of texts) costs.push(costOf(text));
  costs.sort((a, b) => a - b);
  const at = (share: number): number => costs[Math.floor(costs.length * share)] ?? Number.NaN;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

if (process.argv[1] === import.meta.filename) console.log(measureQuestionCost());
