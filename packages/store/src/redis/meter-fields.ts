import type { Charge } from '../ports/index.ts';

/** The field of a budget in the hash of its subject; scripts/include/subjects.lua describes all fields. */
export const budgetField = (meter: string, period: string): string => `b:${meter}:${period}`;

/** The field of slots. */
export const slotsField = (meter: string): string => `c:${meter}`;

/**
 * The field of a charge in the hash of its subject. The length of a window is part of the name: a changed limit keeps its counts, a
 * changed window starts empty. So is the period of a budget, so that no counter is reset.
 */
export function fieldOf(charge: Charge): string {
  switch (charge.kind) {
    case 'window':
      return `w:${charge.meter}:${charge.windowMs}`;
    case 'concurrency':
      return slotsField(charge.meter);
    case 'budget':
      return budgetField(charge.meter, charge.period);
  }
}

/** The part of a replica in slots or in a budget. */
export const holderField = (field: string, replica: string): string => `${field}@${replica}`;

/** The kind of a charge in the arguments of scripts. */
export const KIND_LETTERS = { window: 'w', concurrency: 'c', budget: 'b' } as const;
