/** Returns whether a store can count with the amount: a whole number from 0 to 2^53 - 1. */
export const isAmount = (amount: number): boolean => Number.isSafeInteger(amount) && amount >= 0;

/** Checks amounts before they reach a store. @throws RangeError if one is not a whole number from 0 to 2^53 - 1 */
export function assertAmounts(amounts: readonly number[]): void {
  for (const amount of amounts) if (!isAmount(amount)) throw new RangeError(`amount out of range: ${amount}`);
}

/**
 * Converts an amount to an integer from 0 to 2^53 - 1: rounds it, and saturates at both ends. A value that is not a number
 * becomes the largest amount.
 */
export function saturated(amount: number): number {
  if (Number.isNaN(amount)) return Number.MAX_SAFE_INTEGER;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(amount)));
}
