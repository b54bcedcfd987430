import { upperLimitOfErrors } from '@sluice/proxies';

const CONFIDENCE = 0.95;
const OUTSIDE_EACH_END = (1 - CONFIDENCE) / 2;

/** A count among others, with the limits of its probability at a confidence of 95 % (Clopper and Pearson 1934). */
export interface Proportion {
  readonly count: number;
  readonly of: number;
  /** Undefined of none. */
  readonly share: number | undefined;
  /** The ends of the two-sided interval. */
  readonly low: number;
  readonly high: number;
  /** The one-sided upper limit: the probability is at most this. */
  readonly atMost: number;
}

/**
 * @example
 * proportionOf(0, 200).atMost; // 0.0149
 */
export function proportionOf(count: number, of: number): Proportion {
  const oneEnd = 1 - OUTSIDE_EACH_END;
  return {
    ...{ count, of, share: of === 0 ? undefined : count / of },
    low: of === 0 ? 0 : 1 - upperLimitOfErrors({ labels: of, errors: of - count }, oneEnd),
    high: upperLimitOfErrors({ labels: of, errors: count }, oneEnd),
    atMost: upperLimitOfErrors({ labels: of, errors: count }, CONFIDENCE),
  };
}
