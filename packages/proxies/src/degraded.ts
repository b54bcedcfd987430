import { CallSlot, type LlmCall } from '@sluice/core';

/** Parts of the gateway that did not work for this call and were replaced: `limits`, `budget`, `cache`. */
export const degradedParts = new CallSlot<readonly string[]>('degraded parts', []);

/** Records that parts of the gateway did not work for a call. */
export function markDegraded(call: Pick<LlmCall, 'context'>, parts: readonly string[]): void {
  degradedParts.set(call, [...new Set([...degradedParts.get(call), ...parts])]);
}
