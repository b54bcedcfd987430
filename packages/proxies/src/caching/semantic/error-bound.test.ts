import { describe, expect, it } from '@jest/globals';
import { isCertified, mustRevoke, shouldRestart, upperLimitOfErrors } from './error-bound.ts';

/** A repeatable source of random numbers (a linear congruential generator, Numerical Recipes). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns the number of labels after which `isDone` first holds, at most `most`. */
function labelsUntil(
  share: number,
  most: number,
  random: () => number,
  isDone: (labels: number, errors: number) => boolean,
): number {
  let errors = 0;
  for (let labels = 1; labels <= most; labels++) {
    if (random() < share) errors++;
    if (isDone(labels, errors)) return labels;
  }
  return Infinity;
}

const medianOf = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const one = (maxErrors: number) => ({ maxErrors, confidence: 0.95, bins: 1 });

describe('isCertified', () => {
  it.each([
    [0.01, 1, [329, 682, 890]],
    // docs/caching.md has these figures
    [0.01, 8, [547, 939, 1_153]],
    [0.01, 9, [559, 953, 1_168]],
    [0.02, 1, [164, 340]],
    [0.02, 9, [278, 474]],
    [0.05, 1, [65, 134]],
    [0.05, 9, [110, 187]],
  ])(
    'needs the known numbers of labels for a bound of %f in %i bins, without an error, with one, with two',
    (maxErrors, bins, expected) => {
      const needed = expected.map((_, errors) => {
        let labels = 1;
        while (!isCertified({ labels, errors }, { maxErrors, confidence: 0.95, bins })) labels++;
        return labels;
      });
      expect(needed).toEqual(expected);
    },
  );

  it.each([0.01, 0.02, 0.05])(
    'certifies at most 5 %% of the bins whose errors are at a bound of %f, if asked after every label',
    (bound) => {
      const random = randoms(1);
      const runs = 300;
      let certified = 0;
      for (let run = 0; run < runs; run++) {
        const at = labelsUntil(bound, 1_000, random, (labels, errors) => isCertified({ labels, errors }, one(bound)));
        if (at !== Infinity) certified++;
      }
      expect(certified / runs).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
    },
  );

  it('certifies a bin with a quarter of the allowed errors after 700 labels in the median', () => {
    const random = randoms(2);
    const needed = Array.from({ length: 400 }, () =>
      labelsUntil(0.0025, 20_000, random, (labels, errors) => isCertified({ labels, errors }, one(0.01))),
    );
    expect(medianOf(needed)).toBeLessThanOrEqual(700);
  });
});

/** Returns the number of labels after which a bin is revoked that starts over as the tier lets it. */
function labelsUntilRevoked(share: number, most: number, random: () => number): number {
  let counts = { labels: 0, errors: 0 };
  for (let n = 1; n <= most; n++) {
    counts = { labels: counts.labels + 1, errors: counts.errors + (random() < share ? 1 : 0) };
    if (mustRevoke(counts, 0.01)) return n;
    if (shouldRestart(counts, 0.01)) counts = { labels: 0, errors: 0 };
  }
  return Infinity;
}

describe('mustRevoke', () => {
  it('revokes a bin with eight times the allowed errors within 100 labels in 95 % of the runs', () => {
    const random = randoms(3);
    const needed = Array.from({ length: 1_000 }, () => labelsUntilRevoked(0.08, 5_000, random));
    expect(needed.filter((labels) => labels <= 100).length / needed.length).toBeGreaterThanOrEqual(0.95);
    expect(medianOf(needed)).toBeLessThanOrEqual(40);
  });

  it('keeps nearly every bin with a quarter of the allowed errors', () => {
    const random = randoms(4);
    const revoked = Array.from({ length: 500 }, () => labelsUntilRevoked(0.0025, 1_000, random)).filter((at) => at !== Infinity);
    expect(revoked.length / 500).toBeLessThan(0.06);
  });

  it('needs no more labels after a long time without errors', () => {
    const random = randoms(5);
    let counts = { labels: 0, errors: 0 };
    for (let n = 0; n < 5_000; n++) {
      counts = { ...counts, labels: counts.labels + 1 };
      if (shouldRestart(counts, 0.01)) counts = { labels: 0, errors: 0 };
    }
    let needed = 0;
    while (!mustRevoke(counts, 0.01)) {
      needed++;
      counts = { labels: counts.labels + 1, errors: counts.errors + (random() < 0.5 ? 1 : 0) };
    }
    expect(needed).toBeLessThan(20);
  });
});

describe('upperLimitOfErrors', () => {
  it.each([
    [{ labels: 0, errors: 0 }, 1],
    [{ labels: 5, errors: 5 }, 1],
    [{ labels: 300, errors: 0 }, 0.00994],
    [{ labels: 100, errors: 1 }, 0.04656],
    [{ labels: 1_000, errors: 10 }, 0.01691],
  ])('returns the limit of Clopper and Pearson for %j', (counts, expected) => {
    expect(upperLimitOfErrors(counts, 0.95)).toBeCloseTo(expected, 4);
  });
});
