import { describe, expect, it } from '@jest/globals';
import { normalForm } from './normal-form.ts';
import { installOpenPairs } from './testing/open-pairs.ts';

const installed = installOpenPairs();
const pairs = 'pairs' in installed ? installed.pairs : [];
const withPyPi = 'pairs' in installed ? it : it.skip;
if ('unavailable' in installed) console.warn(`SKIPPED: the open pairs of fow-cache are not checked: ${installed.unavailable}`);

const matching = (sameAnswer: boolean) => {
  const labelled = pairs.filter(({ same_answer }) => same_answer === sameAnswer);
  const matched = labelled.filter(({ a, b }) => normalForm(a) !== undefined && normalForm(a) === normalForm(b));
  return { labelled, matched };
};

describe('the open pairs of fow-cache 0.1.0', () => {
  withPyPi('matches none of 200 traps', () => {
    const { labelled, matched } = matching(false);
    expect(labelled).toHaveLength(200);
    expect(matched).toEqual([]);
  });

  withPyPi('matches at least 28 % of 201 true pairs', () => {
    const { labelled, matched } = matching(true);
    expect(labelled).toHaveLength(201);
    expect(matched.length / labelled.length).toBeGreaterThanOrEqual(0.28);
  });
});
