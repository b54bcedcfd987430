import { totalmem } from 'node:os';

/**
 * Returns the memory that the process may use, in bytes: the limit of its container, or the machine's memory if there is no
 * limit.
 */
export function availableMemoryBytes(): number {
  // without a limit Node.js returns 0 or a number beyond any machine's memory
  const limit = process.constrainedMemory();
  const machine = totalmem();
  return limit > 0 && limit < machine ? limit : machine;
}

/** Bounds on memory outside the JavaScript heap that apply if the configuration sets none. */
export interface MemoryBounds {
  /** Bytes of all request bodies that are incomplete. */
  readonly unfinishedBodies: number;
  /** Bytes of all Buffers. */
  readonly buffers: number;
}

export function defaultMemoryBounds(memoryBytes = availableMemoryBytes()): MemoryBounds {
  return { unfinishedBodies: Math.floor(memoryBytes / 8), buffers: Math.floor(memoryBytes / 2) };
}
