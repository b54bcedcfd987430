import type { BudgetCharge, Charge } from '../ports/index.ts';
import { fieldOf, holderField, KIND_LETTERS } from './meter-fields.ts';

/** Numbers of the subject itself, of a window, of slots and of a budget in the state of a script. */
const NUMBERS = { subject: 2, window: 4, concurrency: 5, budget: 8 } as const;
/** Arguments before the first subject, and per limit. */
const HEAD_ARGS = 5;
const LIMIT_ARGS = 6;
const SUBJECT_ARGS = 2;
/** Number of subjects from which a batch takes no further call. */
const MAX_SUBJECTS = 100;

interface Subject {
  readonly tenant: string;
  readonly subject: string;
  /** Its arguments start so many after those of the first subject. */
  readonly offset: number;
  readonly charges: Charge[];
}

/** The fields and limits of a subject. Subjects of one plan have the same, which the script reads once. */
interface Shape {
  /** Its position in the arguments. */
  readonly at: number;
  /** The count of its numbers in the state. */
  readonly numbers: number;
}

/**
 * The limits of a batch of calls, each once: a script reads and writes each of them once. Writes the arguments that
 * scripts/include/subjects.lua describes.
 */
export class MeterTable {
  readonly #replica: string;
  readonly #keyOf: (tenant: string, subject: string) => string;
  readonly #isExact: boolean;
  /** By tenant and name. A table lives for one turn of the event loop. */
  readonly #subjects = new Map<string, Subject>();
  /** The subject of the last charge: most calls have several charges of one subject. */
  #last: Subject | undefined;

  /** @param isExact whether one limit with two values needs two batches */
  constructor(replica: string, keyOf: (tenant: string, subject: string) => string, isExact: boolean) {
    this.#replica = replica;
    this.#keyOf = keyOf;
    this.#isExact = isExact;
  }

  /** Whether the script already takes some milliseconds of Redis, so that further calls need another batch. */
  get isFull(): boolean {
    return this.#subjects.size >= MAX_SUBJECTS;
  }

  /** The keys of the subjects. */
  get keys(): string[] {
    return Array.from(this.#subjects.values(), ({ tenant, subject }) => this.#keyOf(tenant, subject));
  }

  /** Returns the budgets in the order of the state. */
  budgets(): { readonly tenant: string; readonly subject: string; readonly charge: BudgetCharge }[] {
    const budgets: { tenant: string; subject: string; charge: BudgetCharge }[] = [];
    for (const { tenant, subject, charges } of this.#subjects.values()) {
      for (const charge of charges) if (charge.kind === 'budget') budgets.push({ tenant, subject, charge });
    }
    return budgets;
  }

  /**
   * Returns the offsets of a charge's subject and limit, as two arguments. Returns undefined if the batch already has the limit with
   * another value.
   *
   * @param isFirst whether the batch has no other call: such a charge is then added as it is
   */
  offsetsOf(tenant: string, subject: string, charge: Charge, isFirst: boolean): string | undefined {
    const { charges, offset } = this.#subjectOf(tenant, subject);
    let isKnown = false;
    for (let n = 0; n < charges.length; n++) {
      const other = charges[n] as Charge;
      if (!isSameMeter(charge, other)) continue;
      if (!this.#isExact || isSameLimit(charge, other)) return `${offset},${n * LIMIT_ARGS}`;
      isKnown = true;
    }
    if (isKnown && !isFirst) return undefined;
    charges.push(charge);
    return `${offset},${(charges.length - 1) * LIMIT_ARGS}`;
  }

  #subjectOf(tenant: string, subject: string): Subject {
    if (this.#last?.subject === subject && this.#last.tenant === tenant) return this.#last;
    // no tenant has a space in its name
    const name = `${tenant} ${subject}`;
    let known = this.#subjects.get(name);
    if (known === undefined) {
      known = { tenant, subject, offset: this.#subjects.size * SUBJECT_ARGS, charges: [] };
      this.#subjects.set(name, known);
    }
    this.#last = known;
    return known;
  }

  /**
   * Returns the arguments of a script.
   *
   * @param calls JSON of the calls, each with a comma before it
   */
  arguments(now: number | false, ttlMs: number, ids: readonly string[], calls: string): string {
    const known = new Map<string, Shape>();
    let shapes = '';
    let subjects = '';
    let at = HEAD_ARGS + 1;
    let position = 1 + NUMBERS.subject;
    for (const { charges } of this.#subjects.values()) {
      const { fields, limits, count, numbers } = this.#describe(charges);
      const name = `${fields}${limits.join()}`;
      let shape = known.get(name);
      if (shape === undefined) {
        shape = { at, numbers };
        known.set(name, shape);
        shapes += `,${count},${fields},${charges.length}`;
        for (const [n, limit] of limits.entries()) shapes += `,${limit},${at + (this.#fieldsBefore(charges, n) + 1)}`;
        at += 2 + count + charges.length * LIMIT_ARGS;
      }
      subjects += `,${shape.at},${position}`;
      position += shape.numbers;
    }
    const firstId = at + this.#subjects.size * SUBJECT_ARGS;
    return `[${now},${ttlMs},${at},${firstId},${firstId + ids.length}${shapes}${subjects},${ids.join(',')}${calls}]`;
  }

  /** Returns JSON of the fields to read and of the limits, and the counts of fields and of their numbers. */
  #describe(charges: readonly Charge[]) {
    let fields = '"x"';
    let count = 1;
    let numbers: number = NUMBERS.subject;
    const limits: string[] = [];
    for (const charge of charges) {
      const field = fieldOf(charge);
      limits.push(`"${KIND_LETTERS[charge.kind]}",${limitOf(charge)},${numbers}`);
      fields += `,${JSON.stringify(field)}`;
      count++;
      numbers += NUMBERS[charge.kind];
      if (charge.kind === 'window') continue;
      fields += `,${JSON.stringify(holderField(field, this.#replica))}`;
      count++;
    }
    return { fields, limits, count, numbers };
  }

  /** Returns the number of fields before that of the n-th charge. */
  #fieldsBefore(charges: readonly Charge[], n: number): number {
    let count = 1;
    for (let k = 0; k < n; k++) count += charges[k]?.kind === 'window' ? 1 : 2;
    return count;
  }
}

/** The limit, the window or lease in ms, and the end of the period. */
function limitOf(charge: Charge): string {
  switch (charge.kind) {
    case 'window':
      return `${charge.limit},${charge.windowMs},0`;
    case 'concurrency':
      return `${charge.limit},${charge.leaseMs},0`;
    case 'budget':
      return `${charge.limit},${charge.leaseMs},${charge.endsAtMs ?? 0}`;
  }
}

function isSameMeter(one: Charge, other: Charge): boolean {
  if (one.kind !== other.kind || one.meter !== other.meter) return false;
  if (one.kind === 'window') return one.windowMs === (other as typeof one).windowMs;
  return one.kind === 'concurrency' || one.period === (other as typeof one).period;
}

/** Compares two charges of the same meter. */
function isSameLimit(one: Charge, other: Charge): boolean {
  if (one.limit !== other.limit) return false;
  if (one.kind === 'window') return true;
  if (one.leaseMs !== (other as typeof one).leaseMs) return false;
  return one.kind === 'concurrency' || one.endsAtMs === (other as typeof one).endsAtMs;
}
