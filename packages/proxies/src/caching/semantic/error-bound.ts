/** Labels of a bin: how many answers were compared, and how many of them were wrong. */
export interface LabelCounts {
  readonly labels: number;
  readonly errors: number;
}

/** The bound that an operator has set. */
export interface ErrorBound {
  /** Maximum share of wrong answers among those that are served, 0 to 1. */
  readonly maxErrors: number;
  /** Probability that the bound holds, 0 to 1. */
  readonly confidence: number;
  /** Number of bins that can be served. The allowed probability of a mistake is divided among them. */
  readonly bins: number;
}

/** The evidence at which a bin is revoked is the inverse. */
const REVOKED_BY_CHANCE = 0.05;
/** The evidence of more errors at which it starts over. */
const RESTARTED_BELOW = 0.7;

/** Shares of errors, as parts of the bound, that certification is able to recognize, with their weights. No error has half. */
const FEWER_ERRORS = [
  { part: 8, weight: 0.2 },
  { part: 4, weight: 0.2 },
  { part: 2, weight: 0.1 },
] as const;
const WEIGHT_OF_NO_ERROR = 0.5;

/** Shares of errors, as multiples of the bound, that revocation is able to recognize. They have equal weights. */
const MORE_ERRORS = [2, 4, 8] as const;
/** A larger share of errors is not assumed, because its complement must stay above 0. */
const MOST_ERRORS = 0.9;

/**
 * Returns whether the labels prove that fewer than `maxErrors` of a bin's answers are wrong.
 *
 * The evidence is a mixture of likelihood ratios against the bound. It is a non-negative supermartingale that starts at 1 if the
 * share of errors is at the bound or above it, so it ever reaches 1 / alpha with a probability of at most alpha (Ville's
 * inequality). It may therefore be looked at after every label.
 *
 * @example
 * isCertified({ labels: 559, errors: 0 }, { maxErrors: 0.01, confidence: 0.95, bins: 9 }); // true
 */
export function isCertified({ labels, errors }: LabelCounts, { maxErrors, confidence, bins }: ErrorBound): boolean {
  return evidenceOfFewErrors(labels, errors, maxErrors) >= bins / (1 - confidence);
}

/** Returns whether the labels since certification prove that more than `maxErrors` of a bin's answers are wrong. */
export function mustRevoke({ labels, errors }: LabelCounts, maxErrors: number): boolean {
  return evidenceOfManyErrors(labels, errors, maxErrors) >= 1 / REVOKED_BY_CHANCE;
}

/**
 * Returns whether the labels since certification are forgotten: they show that the bin is good, and would delay the discovery of
 * a later change. Without that, a bin would have to lose all the evidence of its good time first (Page 1954, CUSUM). A bin whose
 * errors are exactly at the bound is revoked after some 1,400 labels in the median; one with a quarter of them hardly ever.
 */
export function shouldRestart({ labels, errors }: LabelCounts, maxErrors: number): boolean {
  return evidenceOfManyErrors(labels, errors, maxErrors) <= RESTARTED_BELOW;
}

function evidenceOfFewErrors(labels: number, errors: number, bound: number): number {
  let evidence = errors === 0 ? WEIGHT_OF_NO_ERROR * (1 - bound) ** -labels : 0;
  for (const { part, weight } of FEWER_ERRORS) {
    const right = (labels - errors) * Math.log((1 - bound / part) / (1 - bound));
    evidence += weight * Math.exp(right - errors * Math.log(part));
  }
  return evidence;
}

function evidenceOfManyErrors(labels: number, errors: number, bound: number): number {
  let evidence = 0;
  for (const multiple of MORE_ERRORS) {
    const share = Math.min(MOST_ERRORS, multiple * bound);
    const right = (labels - errors) * Math.log((1 - share) / (1 - bound));
    evidence += Math.exp(errors * Math.log(share / bound) + right) / MORE_ERRORS.length;
  }
  return evidence;
}

/**
 * Returns the upper limit of the share of errors, by the one-sided interval of Clopper and Pearson (1934). 1 without labels.
 *
 * @example
 * upperLimitOfErrors({ labels: 300, errors: 0 }, 0.95); // 0.00994
 */
export function upperLimitOfErrors({ labels, errors }: LabelCounts, confidence: number): number {
  if (labels === 0 || errors >= labels) return 1;
  let [low, high] = [errors / labels, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(errors, labels, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** Returns the probability of at most `errors` errors among `labels`, if each has the probability `share`. */
function atMost(errors: number, labels: number, share: number): number {
  let term = labels * Math.log1p(-share);
  let sum = Math.exp(term);
  for (let n = 0; n < errors; n++) {
    term += Math.log((labels - n) / (n + 1)) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(term);
  }
  return sum;
}
