/** Returns the median; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Returns the median of the ratios of the same round. A disturbance that lasts longer than a round affects both values of a
 * ratio.
 */
export function ratioOfRounds(values: readonly number[], bases: readonly number[]): number {
  const rounds = Math.min(values.length, bases.length);
  return median(Array.from({ length: rounds }, (_, round) => (values[round] as number) / (bases[round] as number)));
}

/** Returns the order of a round: every second round is reversed, so that a drift of the machine affects all equally. */
export function inOrderOf<T>(items: readonly T[], round: number): readonly T[] {
  return round % 2 === 1 ? items : [...items].reverse();
}

/**
 * Returns a generator of indices below `count` with a Zipf distribution of skew 1: index n occurs 1 / (n + 1) times as often as
 * index 0. The sequence is the same in every run.
 */
export function zipfIndices(count: number, seed = 1): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let n = 0; n < count; n++) {
    sum += 1 / (n + 1);
    sums[n] = sum;
  }
  let state = seed >>> 0;
  return () => {
    // a linear congruential generator (Numerical Recipes, section 7.1)
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const wanted = (state / 2 ** 32) * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
