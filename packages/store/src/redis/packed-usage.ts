import {
  combinationOf,
  USAGE_AMOUNTS,
  USAGE_DIMENSIONS,
  type UsageAmounts,
  type UsageOf,
  type UsageSum,
} from '../ports/index.ts';

/**
 * The amounts of a field, by position. Stored data depends on the order: a new amount is added at the end. Amounts that are often 0 are
 * last, because zeros at the end are not stored.
 */
export const PACKED_AMOUNTS = [
  'calls',
  'latencyMs',
  'inputTokens',
  'outputTokens',
  'cost',
  'errors',
  'cachedInputTokens',
  'hits',
  'saved',
  'reasoningTokens',
  'cacheWriteTokens',
  'unpriced',
] as const satisfies readonly (keyof UsageAmounts)[];

/** A compile-time error here means that `PACKED_AMOUNTS` lacks an amount. */
type Unpacked = Exclude<keyof UsageAmounts, (typeof PACKED_AMOUNTS)[number]>;
const NOTHING_UNPACKED: Unpacked[] & { length: 0 } = [] as never;
void NOTHING_UNPACKED;

/** The first word of a field with all amounts. Versions before 0.3.0 have one field per amount, which begins with the amount's name. */
const PACKED = 'sums';

/** Returns the field of a combination. A replica of an earlier version reads it as an unknown amount of the combination. */
export const packedField = (sum: UsageSum): string => `${PACKED} ${combinationOf(sum)}`;

export const packedAmounts = (sum: UsageAmounts): number[] => PACKED_AMOUNTS.map((amount) => sum[amount]);

type Amounts = Record<keyof UsageAmounts, number>;

const noAmounts = (): Amounts => Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Amounts;

function add(amounts: Amounts, amount: keyof UsageAmounts | undefined, value: string): void {
  // a later version may have further amounts
  if (amount === undefined || amounts[amount] === undefined) return;
  amounts[amount] = Math.min(Number.MAX_SAFE_INTEGER, amounts[amount] + Number(value));
}

/** Adds up the hashes of a day. A combination can have fields of this version and of earlier ones: their amounts are different calls. */
export function readUsage(day: string, hashes: readonly Readonly<Record<string, string>>[]): UsageSum[] {
  const found = new Map<string, Amounts>();
  for (const hash of hashes) {
    for (const [field, value] of Object.entries(hash)) {
      const space = field.indexOf(' ');
      const combination = field.slice(space + 1);
      let amounts = found.get(combination);
      if (amounts === undefined) {
        amounts = noAmounts();
        found.set(combination, amounts);
      }
      const word = field.slice(0, space);
      if (word !== PACKED) add(amounts, word as keyof UsageAmounts, value);
      else for (const [n, sum] of value.split(',').entries()) add(amounts, PACKED_AMOUNTS[n], sum);
    }
  }
  return [...found].map(([combination, amounts]) => ({ day, ...readCombination(combination), ...amounts }));
}

/** The inverse of `combinationOf`. */
function readCombination(combination: string): UsageOf & Pick<UsageSum, 'hour' | 'tag' | 'reason'> {
  const names = JSON.parse(combination) as string[];
  const of = Object.fromEntries(USAGE_DIMENSIONS.map((dimension, n) => [dimension, names[n] ?? ''])) as unknown as UsageOf;
  const [hour = '', tag = '', reason] = names.slice(USAGE_DIMENSIONS.length);
  return { hour, tag, ...of, ...(reason === undefined ? {} : { reason }) };
}
