/** Number of bins of similarity. Each is certified on its own, so that a change of the traffic between them breaks no bound. */
export const BINS = 8;
/** Number of candidates whose similarities determine the edges of the bins. Similarities of different models are not comparable. */
export const CANDIDATES_FOR_EDGES = 500;

/** Returns the edges that divide similarities into bins of equal numbers, the highest first. */
export function edgesOf(similarities: readonly number[]): number[] {
  const sorted = [...similarities].sort((a, b) => b - a);
  return Array.from({ length: BINS - 1 }, (_, n) => sorted[Math.floor(((n + 1) * sorted.length) / BINS)] ?? 0);
}

/** Returns the bin of a similarity: 0 for the most similar ones. */
export function binOf(similarity: number, edges: readonly number[]): number {
  const bin = edges.findIndex((edge) => similarity >= edge);
  return bin === -1 ? edges.length : bin;
}
