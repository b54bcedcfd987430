import { getHeapStatistics } from 'node:v8';

/** A resource that the process is short of. */
export type Shortage = 'lag' | 'heap' | 'buffers';

export interface OverloadLimits {
  /** Longest acceptable event loop lag, in milliseconds. */
  readonly lagMs: number;
  /** Largest acceptable share of the JavaScript heap limit in use, 0 to 1. */
  readonly heap: number;
  /** Most bytes that Buffers and other memory outside the heap may use. */
  readonly buffersBytes: number;
}

export interface OverloadOptions {
  readonly limits: () => OverloadLimits;
  /** Number of calls in flight in this process. */
  readonly inFlight: () => number;
  /** Memory in use; V8's own figures by default. */
  readonly memory?: () => { readonly heap: number; readonly buffersBytes: number };
}

const SAMPLE_MS = 50;

/** With fewer calls in flight than this, refusing further calls would not reduce the event loop lag. */
const MIN_IN_FLIGHT = 5;

/** Smallest share of the lateness that must be CPU time. Below it, a late sample shows a paused process, not overload. */
const MIN_CPU_SHARE = 0.1;

/**
 * Samples the lag of the event loop and the memory in use. A threshold counts as exceeded after two consecutive samples: one late
 * sample can be a pause of the machine (CPU quota, suspend), and one full heap can be a heap before its collection.
 */
export class LoadMonitor {
  readonly #options: OverloadOptions;
  #before: Shortage | undefined;
  #now: Shortage | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  start(): void {
    let dueMs = performance.now() + SAMPLE_MS;
    let cpuBeforeMs = cpuMs();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const cpuNowMs = cpuMs();
      this.sample(Math.max(0, nowMs - dueMs), cpuNowMs - cpuBeforeMs);
      dueMs = nowMs + SAMPLE_MS;
      cpuBeforeMs = cpuNowMs;
    }, SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Takes one sample.
   *
   * @param lateMs how late the sample is, in milliseconds
   * @param cpuMs CPU time of the process since the sample before, in milliseconds
   */
  sample(lateMs: number, cpuMs: number): void {
    const { limits, memory = memoryInUse } = this.#options;
    const { lagMs, heap, buffersBytes } = limits();
    const inUse = memory();
    this.#before = this.#now;
    if (lateMs > lagMs && cpuMs >= MIN_CPU_SHARE * lateMs) this.#now = 'lag';
    else if (inUse.heap > heap) this.#now = 'heap';
    else this.#now = inUse.buffersBytes > buffersBytes ? 'buffers' : undefined;
  }

  /** Returns the resource that is short; undefined if new calls can be accepted. */
  pressure(): Shortage | undefined {
    if (this.#now === undefined || this.#before === undefined) return undefined;
    return this.#now === 'lag' && this.#options.inFlight() < MIN_IN_FLIGHT ? undefined : this.#now;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function memoryInUse() {
  const { used_heap_size: used, heap_size_limit: limit, external_memory: external } = getHeapStatistics();
  return { heap: used / limit, buffersBytes: external };
}
