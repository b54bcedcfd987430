import type { Charge } from '../ports/index.ts';
import { fieldOf, holderField, KIND_LETTERS } from './meter-fields.ts';

/** Numbers of the subject itself, of a window, of slots and of a budget in the state of a script. */
const NUMBERS = { subject: 2, window: 4, concurrency: 5, budget: 8 } as const;
/** Arguments before the first subject, and per limit. */
const HEAD_ARGS = 5;
const LIMIT_ARGS = 7;

interface Row {
  readonly charge: Charge;
  /** Its arguments start so many after those of the first limit. */
  readonly offset: number;
}

interface Subject {
  readonly key: string;
  readonly rows: Row[];
}

/**
 * The limits of a batch of calls, each once: a script reads and writes each of them once. Writes the arguments that
 * scripts/include/subjects.lua describes.
 */
export class MeterTable {
  readonly #replica: string;
  readonly #keyOf: (subject: string) => string;
  readonly #isExact: boolean;
  /** By name. A table lives for one turn of the event loop. */
  readonly #subjects = new Map<string, Subject>();
  #size = 0;

  /** @param isExact whether one limit with two values needs two batches */
  constructor(replica: string, keyOf: (subject: string) => string, isExact: boolean) {
    this.#replica = replica;
    this.#keyOf = keyOf;
    this.#isExact = isExact;
  }

  /** The keys of the subjects. */
  get keys(): string[] {
    return Array.from(this.#subjects.values(), ({ key }) => key);
  }

  /**
   * Returns the offset of a charge's limit in the arguments. Returns -1 if the batch already has the limit with another value.
   *
   * @param isFirst whether the batch has no other call: such a charge is then added as it is
   */
  offsetOf(name: string, charge: Charge, isFirst: boolean): number {
    let subject = this.#subjects.get(name);
    if (subject === undefined) {
      subject = { key: this.#keyOf(name), rows: [] };
      this.#subjects.set(name, subject);
    }
    let isKnown = false;
    for (const { charge: other, offset } of subject.rows) {
      if (!isSameMeter(charge, other)) continue;
      if (!this.#isExact || isSameLimit(charge, other)) return offset;
      isKnown = true;
    }
    if (isKnown && !isFirst) return -1;
    const offset = LIMIT_ARGS * this.#size++;
    subject.rows.push({ charge, offset });
    return offset;
  }

  /**
   * Returns the arguments of a script.
   *
   * @param calls JSON of the calls, each with a comma before it
   */
  arguments(now: number | false, ttlMs: number, ids: readonly string[], calls: string): string {
    const limits = new Array<string>(this.#size);
    let subjects = '';
    let at = HEAD_ARGS + 1;
    let position = 1 + NUMBERS.subject;
    for (const { rows } of this.#subjects.values()) {
      const subjectAt = position;
      let fields = ',"x"';
      let count = 1;
      let offsets = '';
      position += NUMBERS.subject;
      for (const { charge, offset } of rows) {
        const field = fieldOf(charge);
        limits[offset / LIMIT_ARGS] = `,"${KIND_LETTERS[charge.kind]}",${limitOf(charge)},${position},${at + 2 + count},0`;
        position += NUMBERS[charge.kind];
        fields += `,${JSON.stringify(field)}`;
        count++;
        offsets += `,${offset}`;
        if (charge.kind === 'window') continue;
        fields += `,${JSON.stringify(holderField(field, this.#replica))}`;
        count++;
      }
      subjects += `,${subjectAt},${count}${fields},${rows.length}${offsets}`;
      at += 3 + count + rows.length;
    }
    const firstId = at + LIMIT_ARGS * this.#size;
    const head = `[${now},${ttlMs},${at},${firstId},${firstId + ids.length}`;
    return `${head}${subjects}${limits.join('')},${ids.join(',')}${calls}]`;
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
