import { isAmount, USAGE_AMOUNTS, type UsageSum } from '@sluice/store/ports';

/** More than one call can come to, in nano-dollars, tokens or ms: a million US dollars. Thousands of them still make a whole number that Redis can add. */
const MOST = 1e15;

/** Whether one call can have come to these amounts: whole numbers from 0 to 10^15. */
export const isPlausible = (usage: UsageSum): boolean =>
  USAGE_AMOUNTS.every((amount) => isAmount(usage[amount]) && usage[amount] <= MOST);
