import { expect, it } from '@jest/globals';
import { soak } from './soak.ts';

const MINUTES = 2;
/** Always the same faults, so that a failure is found again; `npm run soak` takes others. */
const SEED = 71;

it('T71: two minutes of all faults at random under load, and nothing is wrong', async () => {
  const seed = Number(process.env['SOAK_SEED'] ?? SEED);
  const said: string[] = [];
  const result = await soak({ minutes: MINUTES, seed, say: (line) => said.push(line) });
  // the seed makes the same faults again
  expect({ wrong: result.wrong, seed, said: result.wrong.length === 0 ? [] : said }).toEqual({ wrong: [], seed, said: [] });
  expect(result.calls).toBeGreaterThan(3_000);
  expect(result.faults).toBeGreaterThan(15);
}, 300_000);
