import { totalmem } from 'node:os';

/** Memory that the process may use, in bytes: the limit of its container, or of the machine where there is none. */
export function availableMemoryBytes(): number {
  // without a limit Node.js returns 0 or a number beyond any machine's memory
  const limit = process.constrainedMemory();
  const machine = totalmem();
  return limit > 0 && limit < machine ? limit : machine;
}

/** Bounds on memory outside the JavaScript heap that hold where the configuration names none. */
export interface MemoryBounds {
  /** Bytes of all request bodies that are not complete. */
  readonly unfinishedBodies: number;
  /** Bytes of all Buffers. */
  readonly buffers: number;
}

export function defaultMemoryBounds(memoryBytes = availableMemoryBytes()): MemoryBounds {
  return { unfinishedBodies: Math.floor(memoryBytes / 8), buffers: Math.floor(memoryBytes / 2) };
}
