import { Slots } from '@sluice/core';
import type { LeasedCall } from './leased-call.ts';

/** Calls in flight that were admitted by leases, by tenant and id. */
export class LeasedCalls {
  readonly #calls = new Slots<LeasedCall>();
  /** Holds numbers only: a `Map` with churn must not reference calls (see `Slots`). */
  readonly #slots = new Map<string, number>();

  get size(): number {
    return this.#slots.size;
  }

  add(call: LeasedCall): void {
    this.#slots.set(nameOf(call.owner.tenant, call.callId), this.#calls.add(call));
  }

  find(tenant: string, callId: string): LeasedCall | undefined {
    if (this.#slots.size === 0) return undefined;
    const slot = this.#slots.get(nameOf(tenant, callId));
    return slot === undefined ? undefined : this.#calls.at(slot);
  }

  remove(tenant: string, callId: string): void {
    const name = nameOf(tenant, callId);
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    this.#slots.delete(name);
    this.#calls.remove(slot);
  }
}

const nameOf = (tenant: string, callId: string): string => `${tenant}\n${callId}`;
