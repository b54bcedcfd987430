import { EventEmitter } from 'node:events';
import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { Claim, IdempotentAnswer, IdempotentCalls, IdempotentId } from '../ports/index.ts';

interface Known {
  readonly owner: string;
  readonly digest: string;
  readonly answer?: IdempotentAnswer;
  untilMs: number;
}

/** Maximum size of all stored responses together, in bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Idempotent calls of a single process. */
export class MemoryIdempotentCalls implements IdempotentCalls {
  readonly #clock: Clock;
  readonly #calls = new LRUCache<string, Known>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ answer }) => 512 + (answer?.body.length ?? 0),
  });

  readonly #ends = new EventEmitter().setMaxListeners(0);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async onEnd(id: IdempotentId, listener: () => void): Promise<() => void> {
    this.#ends.on(nameOf(id), listener);
    return () => this.#ends.off(nameOf(id), listener);
  }

  async claim(id: IdempotentId, digest: string, owner: string, leaseMs: number): Promise<Claim> {
    const known = this.#known(id);
    if (known === undefined) {
      this.#calls.set(nameOf(id), { owner, digest, untilMs: this.#clock.now() + leaseMs });
      return { state: 'ours' };
    }
    const { answer } = known;
    if (answer === undefined) return { state: 'under_way', digest: known.digest };
    return { state: 'answered', digest: known.digest, answer };
  }

  async renew(id: IdempotentId, owner: string, leaseMs: number): Promise<void> {
    const known = this.#known(id);
    if (known?.owner === owner && known.answer === undefined) known.untilMs = this.#clock.now() + leaseMs;
  }

  async answer(id: IdempotentId, owner: string, digest: string, answer: IdempotentAnswer, ttlMs: number): Promise<void> {
    if (this.#known(id)?.owner !== owner) return;
    this.#calls.set(nameOf(id), { owner, digest, answer, untilMs: this.#clock.now() + ttlMs });
    this.#ends.emit(nameOf(id));
  }

  async giveUp(id: IdempotentId, owner: string): Promise<void> {
    const known = this.#known(id);
    if (known?.owner !== owner || known.answer !== undefined) return;
    this.#calls.delete(nameOf(id));
    this.#ends.emit(nameOf(id));
  }

  #known(id: IdempotentId): Known | undefined {
    const known = this.#calls.get(nameOf(id));
    return known === undefined || known.untilMs <= this.#clock.now() ? undefined : known;
  }
}

const nameOf = ({ tenant, subject, key }: IdempotentId): string => [tenant, subject, key].join('\n');
