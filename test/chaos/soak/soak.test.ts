import { expect, it } from '@jest/globals';
import { soak } from './soak.ts';

const MINUTES = 2;
/** Always the same faults, so that a failure is reproducible. `npm run soak` uses other seeds. */
const SEED = 71;

it('T71: keeps every invariant during two minutes of random faults under load', async () => {
  const seed = Number(process.env['SOAK_SEED'] ?? SEED);
  const lines: string[] = [];
  const result = await soak({ minutes: MINUTES, seed, report: (line) => lines.push(line) });
  // the seed reproduces the same faults
  expect({ wrong: result.wrong, seed, lines: result.wrong.length === 0 ? [] : lines }).toEqual({ wrong: [], seed, lines: [] });
  expect(result.calls).toBeGreaterThan(3_000);
  expect(result.faults).toBeGreaterThan(15);
}, 300_000);
