/**
 * An amount of money: whole nano-dollars (10^-9 USD). Micro-dollars would round a one-token call of a cheap model to zero. A
 * double is exact up to nine million dollars, and Redis counts in 64 bits.
 */
export type Money = number;

export const NANOS_PER_USD = 1_000_000_000;

/** Converts US dollars, rounded to the nearest nano-dollar. */
export function usd(amount: number): Money {
  return Math.round(amount * NANOS_PER_USD);
}

/** Converts to US dollars, for display and metrics. */
export function toUsd(amount: Money): number {
  return amount / NANOS_PER_USD;
}
