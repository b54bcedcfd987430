import { getHeapStatistics } from 'node:v8';

export interface OverloadLimits {
  /** How late the event loop may be, in milliseconds. */
  readonly lagMs: number;
  /** How much of the memory that JavaScript may have is in use, 0 to 1. */
  readonly heap: number;
}

const SAMPLE_MS = 50;

/** Watches how late this process is, and how much of its memory is left. */
export class Overload {
  readonly #limits: () => OverloadLimits;
  #lagMs = 0;
  #heap = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: () => OverloadLimits) {
    this.#limits = limits;
  }

  start(): void {
    let dueMs = performance.now() + SAMPLE_MS;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#lagMs = Math.max(0, nowMs - dueMs);
      dueMs = nowMs + SAMPLE_MS;
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      this.#heap = used / limit;
    }, SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of what there is too little; undefined where there is enough. */
  short(): 'lag' | 'heap' | undefined {
    const { lagMs, heap } = this.#limits();
    if (this.#lagMs > lagMs) return 'lag';
    return this.#heap > heap ? 'heap' : undefined;
  }
}
