import {
  combinationOf,
  USAGE_AMOUNTS,
  USAGE_DIMENSIONS,
  type UsageAmounts,
  type UsageOf,
  type UsageSum,
} from '../ports/index.ts';

/**
 * Positions of the amounts in a field. Stored data depends on them: a position never changes, and a new amount gets the next one. Amounts
 * that are often 0 are last, because zeros at the end are not stored.
 */
const POSITIONS: Readonly<Record<keyof UsageAmounts, number>> = {
  calls: 0,
  latencyMs: 1,
  inputTokens: 2,
  outputTokens: 3,
  cost: 4,
  errors: 5,
  cachedInputTokens: 6,
  hits: 7,
  saved: 8,
  reasoningTokens: 9,
  cacheWriteTokens: 10,
  unpriced: 11,
};

/** The amounts by position. */
export const PACKED_AMOUNTS: readonly (keyof UsageAmounts)[] = USAGE_AMOUNTS.toSorted((a, b) => POSITIONS[a] - POSITIONS[b]);

/**
 * Number of zeros after the first sums of a hash. Redis searches a hash of up to 512 short fields from its beginning, at 6 µs per field;
 * a value of more than 64 bytes turns it into a table, at 1 µs (`hash-max-listpack-value`, measured with Redis 7.0).
 */
export const ZEROS = 35;

/** The first word of a field with all amounts. Versions before 0.3.0 have one field per amount, which begins with the amount's name. */
const PACKED = 'sums';

/** Returns the field of a combination. A replica of an earlier version reads it as an unknown amount of the combination. */
export const packedField = (sum: UsageSum): string => `${PACKED} ${combinationOf(sum)}`;

export const packedAmounts = (sum: UsageAmounts): number[] => PACKED_AMOUNTS.map((amount) => sum[amount]);

type Amounts = Record<keyof UsageAmounts, number>;

const noAmounts = (): Amounts => Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Amounts;

function add(amounts: Amounts, amount: keyof UsageAmounts | undefined, value: string): void {
  const number = Number(value);
  // a later version may have further amounts; a value that is not a number must not spoil the total of all fields
  if (amount === undefined || amounts[amount] === undefined || Number.isNaN(number)) return;
  amounts[amount] = Math.min(Number.MAX_SAFE_INTEGER, amounts[amount] + number);
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
