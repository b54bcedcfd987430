import type { BinCounts } from '@sluice/store/ports';
import { type ErrorBound, isCertified, mustRevoke, shouldRestart } from './error-bound.ts';
import type { Candidate } from './semantic-lookup.ts';

/** Number of labels of a bin until which every candidate is labelled, and the share of the candidates after that. */
const ALL_LABELLED = 2_000;
const LABELLED_LATER = 0.2;
/** Served answers of an epoch until which more of them are explored, and how many times more: a change is found sooner. */
const FIRST_SERVED = 500;
const FIRST_EXPLORED_TIMES = 4;

export interface BinPolicy {
  readonly bound: ErrorBound;
  /** Share of answers that are checked although they could be served: 0 to 1. */
  readonly explore: number;
  readonly random: () => number;
}

/** Decides what is done with a candidate of a bin. @param hasOwnLabels whether its entry has enough right labels of its own */
export function decide(
  counts: Pick<BinCounts, 'labels' | 'errors' | 'served'>,
  hasOwnLabels: boolean,
  { bound, explore, random }: BinPolicy,
): Pick<Candidate, 'decision' | 'isLabelled'> {
  const certified = isCertified(counts, bound);
  if (!certified || !hasOwnLabels) {
    // of a certified bin, only labels of answers that would be served are counted
    const isLabelled = counts.labels < ALL_LABELLED || random() < LABELLED_LATER;
    return { decision: 'learn', isLabelled: isLabelled && !(certified && counts.labels >= ALL_LABELLED) };
  }
  const explores = random() < explore * (counts.served < FIRST_SERVED ? FIRST_EXPLORED_TIMES : 1);
  return { decision: explores ? 'explore' : 'serve', isLabelled: explores };
}

/** Returns what a bin forgets after a check: everything if it is revoked, or the checks if they show that it is good. */
export function forgottenAfterCheck(
  { checks, checkErrors }: Pick<BinCounts, 'checks' | 'checkErrors'>,
  maxErrors: number,
): 'checks' | 'labels' | undefined {
  const counts = { labels: checks, errors: checkErrors };
  if (mustRevoke(counts, maxErrors)) return 'labels';
  return shouldRestart(counts, maxErrors) ? 'checks' : undefined;
}
