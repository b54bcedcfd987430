import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '@sluice/core';
import { NO_COUNTS } from '@sluice/store/ports';
import { decide, forgottenAfterCheck } from './bin-policy.ts';
import { BINS } from './bins.ts';

const BOUND = { maxErrors: 0.01, confidence: 0.95, bins: BINS };
const EXPLORE = 0.05;
const RUNS = 40;
/** Candidates of each bin in a run. */
const CANDIDATES = 2_000;

interface Totals {
  served: number;
  wrong: number;
}

/** A bin of candidates whose answers are wrong with a known probability. Its labels are as wrong as the judge. */
class SimulatedBin {
  readonly #random: () => number;
  readonly #judgeErrors: number;
  #counts = NO_COUNTS;
  /** Compared answers since certification, over all epochs. */
  explored = 0;

  constructor(random: () => number, judgeErrors = 0) {
    this.#random = random;
    this.#judgeErrors = judgeErrors;
  }

  get epoch(): number {
    return this.#counts.epoch;
  }

  /** Passes a candidate through the policy, and adds to the totals if its answer is served. */
  candidate(shareWrong: number, totals: Totals): void {
    const random = this.#random;
    const isWrong = random() < shareWrong;
    const { decision, isLabelled } = decide(this.#counts, true, { bound: BOUND, explore: EXPLORE, random });
    if (decision === 'serve') {
      totals.served++;
      if (isWrong) totals.wrong++;
      this.#counts = { ...this.#counts, served: this.#counts.served + 1 };
    } else if (isLabelled) this.#label(decision, isWrong !== random() < this.#judgeErrors);
  }

  #label(decision: 'learn' | 'explore', isError: boolean): void {
    const { labels, errors, checks, checkErrors, epoch } = this.#counts;
    const error = isError ? 1 : 0;
    if (decision === 'learn') {
      this.#counts = { ...this.#counts, labels: labels + 1, errors: errors + error };
      return;
    }
    this.explored++;
    this.#counts = { ...this.#counts, checks: checks + 1, checkErrors: checkErrors + error };
    const forgotten = forgottenAfterCheck(this.#counts, BOUND.maxErrors);
    if (forgotten === 'labels') this.#counts = { ...NO_COUNTS, epoch: epoch + 1 };
    if (forgotten === 'checks') this.#counts = { ...this.#counts, checks: 0, checkErrors: 0 };
  }
}

/** Passes candidates through all bins, and returns the answers served and those of them that are wrong. */
function run(shares: readonly number[], candidates: number, seed: number, judgeErrors = 0): Totals {
  const { next } = seededRandom(seed);
  const totals = { served: 0, wrong: 0 };
  for (const share of shares) {
    const bin = new SimulatedBin(next, judgeErrors);
    for (let n = 0; n < candidates; n++) bin.candidate(share, totals);
  }
  return totals;
}

const runsOf = (shares: readonly number[], judgeErrors = 0, candidates = CANDIDATES): Totals[] =>
  Array.from({ length: RUNS }, (_, seed) => run(shares, candidates, seed + 1, judgeErrors));

const equalBins = (share: number): number[] => Array.from({ length: BINS }, () => share);

describe('the policy of the bins', () => {
  it.each<[string, number[]]>([
    ['bins from no errors to a third', [0, 0.00125, 0.0025, 0.005, 0.01, 0.02, 0.08, 0.3]],
    ['all bins with errors at the bound', equalBins(0.01)],
    ['all bins with errors 1.5 times the bound', equalBins(0.015)],
    ['all bins with half of the allowed errors', equalBins(0.005)],
  ])('serves at most the allowed share of wrong answers in 95 %% of the runs of %s', (_what, shares) => {
    const kept = runsOf(shares).filter(({ served, wrong }) => wrong <= BOUND.maxErrors * served);
    // three standard errors of so many runs
    expect(kept.length / RUNS).toBeGreaterThanOrEqual(0.95 - 3 * Math.sqrt((0.05 * 0.95) / RUNS));
  });

  it('serves most candidates of bins without errors', () => {
    const shares = [0, 0, ...Array.from({ length: 6 }, () => 0.3)];
    for (const { served } of runsOf(shares, 0, 3_000)) expect(served / (2 * 3_000)).toBeGreaterThan(0.7);
  });

  it('serves nothing at a bound of 1 % if the judge is wrong in 2 % of cases', () => {
    expect(runsOf(equalBins(0), 0.02).map(({ served }) => served)).toEqual(Array.from({ length: RUNS }, () => 0));
  });

  it('revokes a bin whose errors rise to eight times the bound, and serves nothing of it any more', () => {
    const exploredUntilRevoked: number[] = [];
    const servedAfter = { served: 0, wrong: 0 };
    for (let seed = 1; seed <= RUNS; seed++) {
      const bin = new SimulatedBin(seededRandom(seed).next);
      const before = { served: 0, wrong: 0 };
      while (before.served < 2_000) bin.candidate(0, before);
      const [explored, { epoch }] = [bin.explored, bin];
      while (bin.epoch === epoch) bin.candidate(0.08, before);
      exploredUntilRevoked.push(bin.explored - explored);
      for (let n = 0; n < 3_000; n++) bin.candidate(0.08, servedAfter);
    }
    expect(exploredUntilRevoked.filter((explored) => explored <= 100).length / RUNS).toBeGreaterThanOrEqual(0.95);
    expect(servedAfter.served).toBe(0);
  });
});
