import { isAmount, USAGE_AMOUNTS, type UsageSum } from '@sluice/store/ports';

/**
 * Upper bound of one call's amount in nano-dollars (a million US dollars), tokens or ms. Thousands of such amounts still add up
 * to an integer that Redis can represent.
 */
const MOST = 1e15;

/** Returns whether one call can have these amounts: whole numbers from 0 to 10^15. */
export const isPlausible = (usage: UsageSum): boolean =>
  USAGE_AMOUNTS.every((amount) => isAmount(usage[amount]) && usage[amount] <= MOST);
