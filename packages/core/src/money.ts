/**
 * An amount of money: whole nano-dollars (10^-9 USD). Micro-dollars would round a one-token call of a cheap model to nothing;
 * as a double it is exact up to nine million dollars, and Redis counts it in 64 bits.
 */
export type Money = number;

export const NANOS_PER_USD = 1_000_000_000;

/** From US dollars, rounded to the nearest nano-dollar. */
export function usd(amount: number): Money {
  return Math.round(amount * NANOS_PER_USD);
}

/** To US dollars, for people and for metrics. */
export function toUsd(amount: Money): number {
  return amount / NANOS_PER_USD;
}
