import type { Charge } from '../ports/index.ts';
import { fieldOf, holderField, KIND_LETTERS } from './meter-fields.ts';

interface Row {
  readonly charge: Charge;
  readonly number: number;
}

interface Subject {
  readonly number: number;
  readonly rows: Row[];
  /** JSON of the fields to read, without the closing bracket. */
  fields: string;
}

/** The limits of a batch of calls, each once: a script reads and writes each of them once. */
export class MeterTable {
  /** The keys of the subjects. */
  readonly keys: string[] = [];
  readonly #replica: string;
  readonly #keyOf: (subject: string) => string;
  readonly #isExact: boolean;
  /** By name. A table lives for one turn of the event loop. */
  readonly #subjects = new Map<string, Subject>();
  #rows = '';
  #size = 0;

  /** @param isExact whether one limit with two values needs two batches */
  constructor(replica: string, keyOf: (subject: string) => string, isExact: boolean) {
    this.#replica = replica;
    this.#keyOf = keyOf;
    this.#isExact = isExact;
  }

  /**
   * Returns the number of a charge's limit, from 1. Returns 0 if the batch already has the limit with another value.
   *
   * @param isFirst whether the batch has no other call: such a charge is then added as it is
   */
  numberOf(name: string, charge: Charge, isFirst: boolean): number {
    const subject = this.#subjects.get(name) ?? this.#add(name);
    let isKnown = false;
    for (const { charge: other, number } of subject.rows) {
      if (!isSameMeter(charge, other)) continue;
      if (!this.#isExact || isSameLimit(charge, other)) return number;
      isKnown = true;
    }
    if (isKnown && !isFirst) return 0;
    const number = ++this.#size;
    subject.rows.push({ charge, number });
    const field = fieldOf(charge);
    subject.fields += `,${JSON.stringify(field)}`;
    if (charge.kind !== 'window') subject.fields += `,${JSON.stringify(holderField(field, this.#replica))}`;
    this.#rows += `${number === 1 ? '' : ','}${subject.number},"${KIND_LETTERS[charge.kind]}",${rowOf(charge)}`;
    return number;
  }

  /** Returns the fields and the limits as two elements of the arguments of a script. */
  arguments(): string {
    let fields = '';
    for (const subject of this.#subjects.values()) fields += `${fields === '' ? '' : ','}${subject.fields}]`;
    return `[${fields}],[${this.#rows}]`;
  }

  #add(name: string): Subject {
    const subject = { number: this.keys.length + 1, rows: [], fields: '["x"' };
    this.#subjects.set(name, subject);
    this.keys.push(this.#keyOf(name));
    return subject;
  }
}

/** The limit, the window or lease in ms, and the end of the period. */
function rowOf(charge: Charge): string {
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
